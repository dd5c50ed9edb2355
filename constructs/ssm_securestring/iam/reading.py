"""Reading what a cloud assembly says about access, before anything is deployed."""

from ssm_securestring.iam.assembly import Assembly
from ssm_securestring.iam.reading_keys import Keys
from ssm_securestring.iam.reading_parameters import read_grants, read_parameters, read_plain
from ssm_securestring.iam.reading_principals import Principals
from ssm_securestring.iam.resources import read_resources
from ssm_securestring.iam.standins import partition_of
from ssm_securestring.iam.world import World


def read_world(assembly: Assembly) -> World:
    """Read principals with their policies, keys, parameters, and what was granted.

    What cannot be read is among what is unknown, each with its place; reading does not fail.
    """
    resources = read_resources(assembly)
    principals = Principals(resources)
    keys = Keys(resources)
    parameters = read_parameters(resources, keys)
    declared = read_grants(resources, principals, keys)
    principals.mark_providers({each.provider for each in parameters if each.provider})
    first = assembly.stacks[0].region if assembly.stacks else ""
    return World(
        principals=principals.all(),
        keys=keys.all(),
        parameters=parameters,
        declared=declared,
        plain=read_plain(resources),
        unknown=tuple(dict.fromkeys(resources.unknown)),
        partition=partition_of(first).name,
    )
