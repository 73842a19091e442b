"""Settings: environment variables, TOML files, their validation, cron expressions, DAGSTER_HOME."""
