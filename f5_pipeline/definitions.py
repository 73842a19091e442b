"""What Dagster loads: ``dagster dev`` and ``dagster job execute`` name this module."""

from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.instance.instance import use_lasting_home

use_lasting_home()
defs = define()
