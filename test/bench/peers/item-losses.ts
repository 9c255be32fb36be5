import { type AttributeValue, type DynamoDBClient, paginateScan, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Item } from '../../../shared/tables/item.ts'
import { type BenchServices, emptyStore } from '../services.ts'
import { DYNAMODUMP, dynamodumpArgs } from './dynamodump.ts'
import { runPython } from './python.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex')

/** Values that DynamoDB stores and that a tool can easily change, by their descriptions. */
const AWKWARD_VALUES: Readonly<Record<string, AttributeValue>> = {
  'a binary value': { B: bytes('00ff80') },
  'an empty binary value': { B: bytes('') },
  'a set of binary values': { BS: [bytes('00'), bytes('ff')] },
  'a binary value in a map': { M: { inner: { B: bytes('00ff80') } } },
  'a binary value in a list': { L: [{ B: bytes('00ff80') }] },
  'a number of 38 digits': { N: '12345678901234567890123456789012345678' },
  'the smallest number': { N: '1e-130' },
  'a set of numbers': { NS: ['1', '2.50', '-3'] },
  'a set of strings': { SS: ['a', 'ä'] },
  'an empty string': { S: '' },
  'an empty map and an empty list': { M: { map: { M: {} }, list: { L: [] } } },
  'NULL and false': { L: [{ NULL: true }, { BOOL: false }] },
  'text outside ASCII': { S: 'Ελληνικά 😀 \u0000\u001f\u2028' },
}

/**
 * Returns what dynamodump changes or loses if it copies awkward items. The resource table is empty before and after.
 */
export const dynamodumpLosses = async (services: BenchServices): Promise<string[]> => {
  const { stores } = services
  const table = stores.config.tables.resources
  const folder = await mkdtemp(join(services.folder, 'dynamodump-'))
  await emptyStore(stores)
  for (const [description, value] of Object.entries(AWKWARD_VALUES)) {
    const Item = { pk: { S: 'awkward' }, sk: { S: description }, value }
    await stores.dynamo.send(new PutItemCommand({ TableName: table, Item }))
  }
  const before = await itemsBySortKey(stores.dynamo, table)
  await runPython(DYNAMODUMP, dynamodumpArgs(services, 'backup', table, folder), {})
  await emptyStore(stores)
  await runPython(DYNAMODUMP, dynamodumpArgs(services, 'restore', table, folder), {})
  const after = await itemsBySortKey(stores.dynamo, table)
  await emptyStore(stores)
  return itemLosses(before, after)
}

/** Compares the items of two tables. */
export const itemLosses = (before: ReadonlyMap<string, Item>, after: ReadonlyMap<string, Item>): string[] =>
  [...before].flatMap(([description, item]) => {
    const copy = after.get(description)
    if (copy === undefined) return [`${description}: lost`]
    const [was, is] = [canonicalJson(item), canonicalJson(copy)]
    return was === is ? [] : [`${description}: changed from ${was} to ${is}`]
  })

const itemsBySortKey = async (client: DynamoDBClient, table: string): Promise<Map<string, Item>> => {
  const found = new Map<string, Item>()
  for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true }))
    for (const item of Items) found.set(item['sk']?.S ?? '', item)
  return found
}

/** The members of sets have no order. Binary values are written in Base64. */
const canonicalJson = ({ value = { NULL: true } }: Item): string =>
  JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, name, member: unknown) {
    // A `Buffer` has been converted to an object before it is passed as `member`.
    const own = base64Of(this[name])
    if (own !== undefined) return own
    if (!['SS', 'NS', 'BS'].includes(name) || !Array.isArray(member)) return member
    return [this[name]]
      .flat()
      .map((one: unknown) => base64Of(one) ?? one)
      .sort()
  })

const base64Of = (value: unknown): string | undefined =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : undefined
