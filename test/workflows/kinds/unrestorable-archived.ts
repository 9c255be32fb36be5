import { idHashOf } from '../../../shared/resources/keys.ts'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { craftItems } from '../../archive/craft.ts'
import { buildResource } from '../sample-store.ts'

/** Changes the metadata and the two revisions of a resource. */
type Change = (items: readonly [Item, Item, Item]) => readonly Item[]

/** An archived resource that cannot be restored. A restore lists it with `reason`. */
interface UnrestorableArchived {
  /** What is wrong with the resource, as a clause such as "its revisions are missing". */
  readonly what: string
  readonly change: Change
  readonly reason: string
}

const BAD = 'bad'
/** Resources whose id hashes are before and after that of `bad`. */
export const SOUND_CITIES = ['a', 'b', 'c', 'd', 'e', 'f']

/** Returns a city with one revision for each name. */
export const cityNamed = (registry: ModelRegistry, id: string, ...names: string[]): Item[] => [
  ...buildResource(registry, { model: 'city', id, payloads: names.map((name) => ({ name })) }).items,
]

export const soundCities = (registry: ModelRegistry): Item[][] =>
  SOUND_CITIES.map((id) => cityNamed(registry, id, id, `${id} renamed`))

/** Returns the resource `bad`: its metadata and two revisions. `change` makes it impossible to restore. */
export const badCity = (registry: ModelRegistry, change: Change): readonly Item[] => {
  const [metadata = {}, first = {}, second = {}] = cityNamed(registry, BAD, 'Bad', 'Worse')
  return change([metadata, first, second])
}

/** Returns an archive of the sound cities and of `bad`. */
export const archiveWithBadCity = (registry: ModelRegistry, change: Change): Buffer =>
  craftItems('city', [...soundCities(registry), badCity(registry, change)])

const without = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([key]) => key !== name))

/** Adds an attribute. The AWS SDK would drop it. */
const withProto = (item: Item): Item => Object.fromEntries([...Object.entries(item), ['__proto__', { S: 'x' }]])

const slashed = (item: Item): Item => ({
  ...item,
  resource_id: { S: 'ba/d' },
  sk: { S: (item['sk']?.S ?? '').replace(`${idHashOf(BAD)}/bad`, `${idHashOf(BAD)}/ba/d`) },
})

const kind = (what: string, change: Change, reason: string): UnrestorableArchived => ({ what, change, reason })

export const UNRESTORABLE_ARCHIVED: readonly UnrestorableArchived[] = [
  kind(
    'its current revision is missing',
    ([metadata, first]) => [metadata, first],
    'the current revision "bad:2" is miss',
  ),
  kind('its revisions are missing', ([metadata]) => [metadata], 'the current revision "bad:2" is missing'),
  kind('its metadata is missing', ([, ...revisions]) => revisions, 'the metadata of the revision is missing'),
  kind('its id contains a slash', (items) => items.map(slashed), 'contains "/"'),
  kind(
    'its metadata has no resource id',
    ([metadata, ...revisions]) => [without(metadata, 'resource_id'), ...revisions],
    'resource_id must be a string',
  ),
  kind(
    'a revision has no resource id',
    ([metadata, first, second]) => [metadata, without(first, 'resource_id'), second],
    'resource_id must be a string',
  ),
  kind(
    'a revision has the resource id of another resource',
    ([metadata, first, second]) => [metadata, { ...first, resource_id: { S: 'worse' } }, second],
    'sk is',
  ),
  kind(
    'its metadata has no current revision',
    ([metadata, ...revisions]) => [without(metadata, 'current_revision_id'), ...revisions],
    'current_revision_id must be a string',
  ),
  kind(
    'a payload does not match its hash',
    ([metadata, first, second]) => [metadata, { ...first, data: { S: '{}' } }, second],
    'the payload has sha256',
  ),
  kind(
    'a payload is missing',
    ([metadata, first, second]) => [metadata, without(first, 'data'), second],
    'neither data nor data_spilled',
  ),
  kind(
    'a spilled payload is missing',
    ([metadata, first, second]) => [metadata, { ...without(first, 'data'), data_spilled: { BOOL: true } }, second],
    'the archive has no entry payloads/',
  ),
  kind(
    'an attribute has a name that the AWS SDK drops',
    ([metadata, first, second]) => [metadata, withProto(first), second],
    'an attribute has the name __proto__',
  ),
  kind(
    'DynamoDB would reject an item',
    ([metadata, first, second]) => [metadata, { ...first, tags: { SS: [] } }, second],
    'SS must be an array that is not empty',
  ),
]
