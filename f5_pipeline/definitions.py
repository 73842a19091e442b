"""The module that ``dagster dev`` and ``dagster job execute`` load."""

from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.commands import check_command
from f5_pipeline.defs.instance.instance import ensure_persistent_home

ensure_persistent_home()
defs = define()
check_command(defs)
