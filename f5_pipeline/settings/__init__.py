"""Settings: environment variables, validation of TOML files, cron expressions, DAGSTER_HOME."""
