import * as z from 'zod'

/** An item, a key or a range that a request reads or writes. */
export interface Access {
  readonly table: string
  /** The value of the partition key, or undefined if the request may read several partitions. */
  readonly partition: string | undefined
  /** The size of the item in KB that the request writes, or undefined if the request does not contain the item. */
  readonly writtenKb?: number
}

/** The accesses of one request. Only a batch has several accesses. */
export interface LimitedRequest {
  readonly kind: 'read' | 'write'
  readonly accesses: readonly Access[]
  /** 2 for a consistent scan, because dynalite counts only half of the units of a consistent scan. */
  readonly unitFactor?: 2
  /** Divides a batch into the admitted accesses and the rest. Undefined if the request is not a batch. */
  readonly split?: (admitted: ReadonlySet<Access>) => {
    /** A request for the admitted accesses. */
    readonly request: object
    /** Returns the response with the rest as unprocessed keys or items. */
    readonly addUnprocessed: (response: object) => object
  }
}

/** All tables of this project have the partition key `pk`. */
const Keyed = z.looseObject({ pk: z.object({ S: z.string() }) })
type Keyed = z.output<typeof Keyed>

const ByKey = z.object({ TableName: z.string(), Key: Keyed })
const Put = z.object({ TableName: z.string(), Item: Keyed })
const Scan = z.object({
  TableName: z.string(),
  ExclusiveStartKey: Keyed.optional(),
  ConsistentRead: z.boolean().optional(),
})
const Query = z.object({
  TableName: z.string(),
  KeyConditionExpression: z.string(),
  ExpressionAttributeValues: z.record(z.string(), z.unknown()),
})
const BatchGet = z.looseObject({
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(Keyed) })),
})
/**
 * dynalite returns unprocessed keys if the items are too large for one response. It never returns unprocessed items.
 */
const BatchGetResponse = z.looseObject({
  UnprocessedKeys: z.record(z.string(), z.looseObject({ Keys: z.array(Keyed) })).default({}),
})
const WriteRequest = z.looseObject({
  PutRequest: z.looseObject({ Item: Keyed }).optional(),
  DeleteRequest: z.looseObject({ Key: Keyed }).optional(),
})
const BatchWrite = z.looseObject({ RequestItems: z.record(z.string(), z.array(WriteRequest)) })

/** An estimate, because the JSON of an item is larger than the item. The response contains the real size. */
const kbOf = (item: Keyed): number => Math.ceil(JSON.stringify(item).length / 1024)

const single = (kind: 'read' | 'write', access: Access): LimitedRequest => ({ kind, accesses: [access] })

const byKey =
  (kind: 'read' | 'write') =>
  (input: unknown): LimitedRequest => {
    const { TableName: table, Key } = ByKey.parse(input)
    return single(kind, { table, partition: Key.pk.S })
  }

const put = (input: unknown): LimitedRequest => {
  const { TableName: table, Item } = Put.parse(input)
  return single('write', { table, partition: Item.pk.S, writtenKb: kbOf(Item) })
}

const scan = (input: unknown): LimitedRequest => {
  const { TableName: table, ExclusiveStartKey, ConsistentRead } = Scan.parse(input)
  const limited = single('read', { table, partition: ExclusiveStartKey?.pk.S })
  return ConsistentRead === true ? { ...limited, unitFactor: 2 } : limited
}

/** The value of the partition key stands in the first equation of the key condition. */
const query = (input: unknown): LimitedRequest => {
  const { TableName: table, KeyConditionExpression, ExpressionAttributeValues } = Query.parse(input)
  const [, name = ''] = /=\s*(:\w+)/.exec(KeyConditionExpression) ?? []
  const value = z.object({ S: z.string() }).safeParse(ExpressionAttributeValues[name])
  return single('read', { table, partition: value.data?.S })
}

const batchGet = (input: unknown): LimitedRequest => {
  const batch = BatchGet.parse(input)
  const keys = new Map<Access, Keyed>()
  for (const [table, { Keys }] of Object.entries(batch.RequestItems))
    for (const key of Keys) keys.set({ table, partition: key.pk.S }, key)
  const keysOf = (table: string, isIncluded: (access: Access) => boolean): Keyed[] =>
    [...keys].flatMap(([access, key]) => (access.table === table && isIncluded(access) ? [key] : []))
  return {
    kind: 'read',
    accesses: [...keys.keys()],
    split: (admitted) => ({
      request: {
        ...batch,
        RequestItems: withoutEmpty(batch.RequestItems, (table, options) => {
          const Keys = keysOf(table, (access) => admitted.has(access))
          return Keys.length === 0 ? undefined : { ...options, Keys }
        }),
      },
      addUnprocessed: (response) => {
        const parsed = BatchGetResponse.parse(response)
        return {
          ...parsed,
          UnprocessedKeys: withoutEmpty(batch.RequestItems, (table, options) => {
            const tooLarge = parsed.UnprocessedKeys[table]?.Keys ?? []
            const Keys = [...tooLarge, ...keysOf(table, (access) => !admitted.has(access))]
            return Keys.length === 0 ? undefined : { ...options, Keys }
          }),
        }
      },
    }),
  }
}

const batchWrite = (input: unknown): LimitedRequest => {
  const batch = BatchWrite.parse(input)
  const writes = new Map<Access, object>()
  for (const [table, requests] of Object.entries(batch.RequestItems))
    for (const request of requests) {
      const { PutRequest, DeleteRequest } = request
      if (PutRequest !== undefined)
        writes.set({ table, partition: PutRequest.Item.pk.S, writtenKb: kbOf(PutRequest.Item) }, request)
      else writes.set({ table, partition: DeleteRequest?.Key.pk.S }, request)
    }
  const only = (isIncluded: (access: Access) => boolean): Record<string, object[]> =>
    withoutEmpty(batch.RequestItems, (table) => {
      const own = [...writes].flatMap(([access, write]) =>
        access.table === table && isIncluded(access) ? [write] : [],
      )
      return own.length === 0 ? undefined : own
    })
  return {
    kind: 'write',
    accesses: [...writes.keys()],
    split: (admitted) => ({
      request: { ...batch, RequestItems: only((access) => admitted.has(access)) },
      addUnprocessed: (response) => ({ ...response, UnprocessedItems: only((access) => !admitted.has(access)) }),
    }),
  }
}

/** Returns a record with the same keys and new values. Leaves out keys for which `valueOf` returns undefined. */
const withoutEmpty = <From, To>(
  record: Readonly<Record<string, From>>,
  valueOf: (key: string, value: From) => To | undefined,
): Record<string, To> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => {
      const changed = valueOf(key, value)
      return changed === undefined ? [] : [[key, changed]]
    }),
  )

const OPERATIONS: ReadonlyMap<string, (input: unknown) => LimitedRequest> = new Map([
  ['GetItem', byKey('read')],
  ['UpdateItem', byKey('write')],
  ['DeleteItem', byKey('write')],
  ['PutItem', put],
  ['Query', query],
  ['Scan', scan],
  ['BatchGetItem', batchGet],
  ['BatchWriteItem', batchWrite],
])

/**
 * Returns what a request reads or writes. Returns undefined if the operation has no limits, or if the input is invalid,
 * in which case dynalite rejects it.
 */
export const limitedRequest = (operation: string, input: unknown): LimitedRequest | undefined => {
  try {
    return OPERATIONS.get(operation)?.(input)
  } catch (error) {
    if (error instanceof z.ZodError) return undefined
    throw error
  }
}
