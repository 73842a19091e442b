"""Trains the embedded model from random weights: text corpus, a teacher's speech, training, evaluation.

``stages`` runs the stages in order; each reads the results of earlier ones from the working folder. This code is not
installed with the package, and the package does not import it.
"""

import os

from f5_pipeline.quality.child_process import NO_TELEMETRY

os.environ.update({**NO_TELEMETRY, **os.environ})  # for the judges and the neural teachers
