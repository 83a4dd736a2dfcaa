"""What a move brings: a newer edition, denied lints of the future, a newer dependency, a newer toolchain.

A move changes what a crate stands on and none of its code. What the compiler then complains of, and what mends it, is
the lesson; what mends all else goes into the lesson's setup.
"""
