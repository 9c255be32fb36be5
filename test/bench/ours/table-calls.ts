import * as z from 'zod'
import { writeUnits } from '../results/least.ts'

/** The units that a call of DynamoDB has used in one table. */
export interface TableUnits {
  readonly table: string
  readonly kind: 'read' | 'write'
  readonly units: number
}

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan']
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']

const Consumed = z.object({ TableName: z.string(), CapacityUnits: z.number() })
const Response = z.looseObject({
  __type: z.string().optional(),
  ConsumedCapacity: z.union([Consumed, z.array(Consumed)]).optional(),
})
const Request = z.looseObject({
  TableName: z.string().optional(),
  ConsistentRead: z.boolean().optional(),
  Item: z.looseObject({}).optional(),
})

/** Returns the body of a request for which DynamoDB reports the used units. Does not change other operations. */
export const reportUnits = (operation: string, body: Buffer): Buffer =>
  [...READS, ...WRITES].includes(operation)
    ? Buffer.from(JSON.stringify({ ...parse(Request, body), ReturnConsumedCapacity: 'TOTAL' }))
    : body

/**
 * Returns the units that a call has used. A query costs at least one unit if it is consistent, and half a unit
 * otherwise. A write whose condition is not met costs as much as the write. Its units follow from the JSON of the item,
 * which is a little larger than the item. `halvesScans` is true for dynalite, which
 * counts only half of the units of a consistent scan.
 */
export const unitsOf = (operation: string, request: Buffer, response: Buffer, halvesScans: boolean): TableUnits[] => {
  const isRead = READS.includes(operation)
  if (!isRead && !WRITES.includes(operation)) return []
  const { TableName: table = '', ConsistentRead = false, Item = {} } = parse(Request, request)
  const { __type = '', ConsumedCapacity = [] } = parse(Response, response)
  if (__type.endsWith('#ConditionalCheckFailedException'))
    return [{ table, kind: 'write', units: writeUnits(JSON.stringify(Item).length) }]
  const least = isRead ? (ConsistentRead ? 1 : 0.5) : 1
  const factor = operation === 'Scan' && ConsistentRead && halvesScans ? 2 : 1
  return [ConsumedCapacity].flat().map(({ TableName, CapacityUnits }) => ({
    table: TableName,
    kind: isRead ? 'read' : 'write',
    units: Math.max(CapacityUnits * factor, least),
  }))
}

const parse = <Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> =>
  schema.parse(JSON.parse(body.length === 0 ? '{}' : body.toString()))
