"""A parameter that the function has created, and what can be asked of it."""

from tests.handler.aws import Account, StackStandIn
from tests.handler.cloudformation import Address, Answer, CloudFormation, properties
from tests.handler.faults import Faults


class Parameter:
    """A parameter that the function has just created, and its updates."""

    def __init__(self, account: Account, address: Address, *, keys: list[str], **changes: object) -> None:
        self.account = account
        self.name = account.name("password")
        self.keys = keys
        self.faults = Faults()
        self.stack = StackStandIn(faults=self.faults)
        self.waits: list[float] = []
        secret = account.put_secret("copied")
        self.copied = {"Kind": "SecretsManager", "SecretArn": secret}
        self.cloudformation = CloudFormation(
            account.function(
                [self.name, account.name("renamed")],
                keys=keys,
                secrets=[secret],
                copied=[account.name("copied")],
                replaced=[self.name],
                stack=self.stack,
                sleep=self.waits.append,
                faults=self.faults,
            ),
            address,
        )
        self.before = self.properties = properties(self.name, KeyId=keys[0], **changes)
        created = self.cloudformation.create(self.properties)
        assert created.status == "SUCCESS", created.reason
        self.physical_id = created.physical_id
        self.value = account.value(self.name)
        self.seen = len(account.calls(self.name))

    def update(self, *, request_id: str | None = None, **changes: object) -> Answer:
        """Send an update from what was asked for last to these changes of it; it becomes what was asked for last."""
        wanted = {**self.properties, **changes}
        answer = self.cloudformation.update(self.physical_id, self.properties, wanted, request_id=request_id)
        if answer.status == "SUCCESS":
            self.before = self.properties
            self.properties, self.physical_id = wanted, answer.physical_id
        return answer

    def roll_back(self, failed: dict[str, object] | None = None) -> Answer:
        """Send what CloudFormation sends after a later resource failed: the update the other way round.

        Args:
            failed: What was asked for by the update that failed itself. Default: by the last one, which succeeded.
        """
        self.stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        undone = failed or self.properties
        wanted = self.properties if failed else self.before
        answer = self.cloudformation.update(self.physical_id, undone, wanted)
        self.properties = wanted
        self.stack.status = "UPDATE_IN_PROGRESS"
        return answer

    def calls(self) -> list[str]:
        """Return what was called since the last time."""
        calls = self.account.calls(self.name)
        self.seen, new = len(calls), calls[self.seen :]
        return new
