"""What a client file may say of the people who run it, and of what is paid once."""

from llmcost.inputs.client_types import Amount, Part


class People(Part):
    """Shares and cost of engineers, and whether there are any who keep GPU servers running today
    (None: nobody said)."""

    engineer_fte: Amount | None = None
    engineer_usd_per_year: Amount | None = None
    api_fte: Amount | None = None
    team_runs_gpus: bool | None = None


class OneOff(Part):
    """What is paid once: the move to another model, setting up own serving, and leaving own serving
    again."""

    migration_usd: Amount | None = None
    setup_usd: Amount | None = None
    exit_usd: Amount | None = None
