"""Update under another name, and its rollback, as sequences of events."""

from tests.handler.parameter import Parameter


def test_rename_makes_a_new_parameter_and_the_old_one_goes_by_its_old_id(parameter: Parameter) -> None:
    """Two parameters until CloudFormation cleans up; a new id tells it to."""
    account, old_name, old_id = parameter.account, parameter.name, parameter.physical_id
    new_name = account.name("renamed")

    renamed = parameter.update(Name=new_name)

    assert renamed.status == "SUCCESS"
    assert renamed.physical_id.startswith(f"{account.arn(new_name)}#")
    assert renamed.data["Name"] == new_name
    assert account.value(old_name) == parameter.value
    assert account.value(new_name) != parameter.value

    assert parameter.cloudformation.delete(old_id).status == "SUCCESS"
    assert not account.exists(old_name)
    assert account.exists(new_name)


def test_rename_that_is_rolled_back_ends_where_it_began(parameter: Parameter) -> None:
    """CloudFormation asks for the old name again, before anything was cleaned up, then deletes the new id."""
    account, old_name, old_id = parameter.account, parameter.name, parameter.physical_id
    renamed = parameter.update(Name=account.name("renamed"))

    rolled_back = parameter.update(Name=old_name)
    cleaned_up = parameter.cloudformation.delete(renamed.physical_id)

    assert (rolled_back.status, rolled_back.physical_id, cleaned_up.status) == ("SUCCESS", old_id, "SUCCESS")
    assert account.value(old_name) == parameter.value
    assert not account.exists(account.name("renamed"))
    assert parameter.cloudformation.delete(old_id).status == "SUCCESS"
    assert not account.exists(old_name)


def test_fails_to_rename_over_a_foreign_parameter_and_rolls_back(parameter: Parameter) -> None:
    """The answer keeps the old id, so the rollback finds the old parameter; the foreign one is not touched."""
    account, old_id = parameter.account, parameter.physical_id
    taken = account.name("renamed")
    account.put_foreign(taken, "theirs")
    before = dict(parameter.properties)

    failed = parameter.update(Name=taken)
    parameter.properties = {**before, "Name": taken}
    rolled_back = parameter.update(Name=before["Name"])

    assert (failed.status, failed.physical_id) == ("FAILED", old_id)
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", old_id)
    assert (account.value(taken), account.version(taken)) == ("theirs", 1)
    assert account.value(parameter.name) == parameter.value


def test_update_of_an_id_that_was_never_ours_creates(parameter: Parameter) -> None:
    """A Create that failed oddly may have left one."""
    account, name = parameter.account, parameter.account.name("renamed")
    wanted = {**parameter.properties, "Name": name}

    answer = parameter.cloudformation.update("shop-Password-1ABCDEFGHIJKL", wanted, wanted)

    assert answer.status == "SUCCESS"
    assert answer.physical_id.startswith(f"{account.arn(name)}#")
    assert account.exists(name)
