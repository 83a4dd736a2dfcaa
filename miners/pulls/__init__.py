"""The fourth miner: pull requests of real repositories, from their history and the public event archive."""
