"""The Gaussian process: kernel, evidence, fitting, transforms, and which trials may fail."""
