"""Training a template policy: from a corpus to a model's folder, in two campaigns and a fit."""
