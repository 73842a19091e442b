"""The embedded model from nothing: a text corpus, its rendering by espeak-ng, the training, the measurements.

``stages`` has their order; each reads what those before it left in the working folder. Nothing here is installed with
the package, and nothing of the package needs it.
"""
