"""The SecureString parameters that an assembly keeps in place, and what its constructs recorded as granted."""

from collections.abc import Iterator, Mapping

from ssm_securestring.core.access import ACCESS_METADATA, Verb
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.core.errors import ContractError, ParameterNameError
from ssm_securestring.core.sources import CopySource, SealedSource, SecretsManagerSource
from ssm_securestring.core.spec import RESOURCE_TYPE, ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.assembly import mapping
from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.reading_keys import Keys
from ssm_securestring.iam.reading_principals import Principals
from ssm_securestring.iam.references import stack_id
from ssm_securestring.iam.resources import FUNCTION, MANAGED_POLICY, PARAMETER, POLICY, SHARE, Resource, Resources
from ssm_securestring.iam.world import Declared, Parameter


def read_parameters(resources: Resources, keys: Keys) -> tuple[Parameter, ...]:
    """Read the parameters; those that cannot be read are added to what is unknown."""
    roles = {each.arn: each.properties.get("Role") for each in resources.of(FUNCTION)}
    return tuple(
        parameter
        for each in resources.of(RESOURCE_TYPE)
        if (parameter := _parameter(each, keys, roles, resources.unknown)) is not None
    )


def _parameter(
    resource: Resource, keys: Keys, roles: Mapping[Text, object], unknown: list[Unknown]
) -> Parameter | None:
    place = f"{resource.place}, Properties"
    name = resource.properties.get("Name")
    if isinstance(name, Unknown):
        unknown.append(name)
        return None
    try:
        spec = ParameterSpec.from_properties(mapping(_with_texts(resource.properties)))
    except (ContractError, ParameterNameError) as error:
        unknown.append(Unknown(place=place, reason=str(error)))
        return None
    key = resource.properties["KeyId"]
    source = spec.source
    sealing_key = mapping(resource.properties["Source"])["KeyArn"] if isinstance(source, SealedSource) else None
    role = roles.get(_text(resource.properties.get("ServiceToken"), f"{place}.ServiceToken"))
    return Parameter(
        arn=spec.name.arn(partition=resource.partition, region=resource.stack.region, account=resource.stack.account),
        name=spec.name.text,
        tier=spec.tier,
        key=keys.named(_text(key, f"{place}.KeyId"), resource.stack),
        stack=resource.stack.title,
        stack_id=stack_id(resource.stack),
        provider=role if isinstance(role, str) else None,
        adopts=spec.adopt_existing,
        replaceable=spec.allow_replacement,
        copied_from=source.parameter_arn if isinstance(source, CopySource) else None,
        sealing_key=keys.named(_text(sealing_key, f"{place}.Source.KeyArn"), resource.stack) if sealing_key else None,
        from_secret=isinstance(source, SecretsManagerSource),
    )


def read_plain(resources: Resources) -> frozenset[str]:
    """Read the ARNs of parameters that are no SecureStrings."""
    return frozenset(
        f"arn:{each.partition}:ssm:{each.stack.region}:{each.stack.account}:parameter/{each.ref.removeprefix('/')}"
        for each in resources.of(PARAMETER)
        if isinstance(each.ref, str) and each.properties.get("Type") in {"String", "StringList"}
    )


def read_grants(resources: Resources, principals: Principals, keys: Keys) -> tuple[Declared, ...]:
    """Read what was granted; what cannot be read is added to what is unknown."""
    found: list[Declared] = []
    for resource in resources.of(POLICY, MANAGED_POLICY, SHARE):
        records = resource.metadata.get(ACCESS_METADATA, [])
        attached = principals.granted_in(resource) if records and resource.type != SHARE else []
        for index, record in enumerate(records if isinstance(records, list) else [records]):
            place = f"{resource.place}, Metadata.{ACCESS_METADATA}[{index}]"
            read = list(_declared(mapping(record), attached, resource, keys, place))
            found += [each for each in read if isinstance(each, Declared)]
            resources.unknown += [each for each in read if isinstance(each, Unknown)]
    return tuple(found)


def _declared(
    record: Mapping[str, object],
    attached: list[str],
    resource: Resource,
    keys: Keys,
    place: str,
) -> Iterator[Declared | Unknown]:
    yield from (each for each in record.values() if isinstance(each, Unknown))
    verb, parameter, tier = (record.get(name) for name in ("verb", "parameter", "tier"))
    if isinstance(parameter, Unknown):
        return
    if not isinstance(parameter, str) or verb not in Verb.__members__ or tier not in (None, *Tier):
        yield Unknown(place=place, reason="it is not of the form that this version records")
        return
    key = keys.named(_text(record.get("key", AWS_MANAGED_KEY_ALIAS), f"{place}.key"), resource.stack)
    principal = record.get("principal")
    for each in [principal] if isinstance(principal, str) else attached:
        yield Declared(
            principal=each,
            verb=Verb[str(verb)],
            parameter=parameter,
            path=record.get("path") == "true",
            tier=None if tier is None else Tier(str(tier)),
            key=None if isinstance(key, Unknown) else key,
            direct=record.get("direct") == "true",
            stack=resource.stack.title,
        )


def _text(value: object, place: str) -> Text:
    return value if isinstance(value, str | Unknown) else Unknown(place=place, reason="it is no text")


def _with_texts(value: object) -> object:
    """Return a value with what is not known replaced: the rest of the properties can then be read."""
    if isinstance(value, Mapping):
        return {key: _with_texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_texts(each) for each in value]
    return "unknown" if isinstance(value, Unknown) else value
