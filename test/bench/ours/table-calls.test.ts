import { describe, expect, it } from 'vitest'
import { reportUnits, unitsOf } from './table-calls.ts'

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const consumed = (units: number): Buffer => json({ ConsumedCapacity: { TableName: 't', CapacityUnits: units } })

describe('a request that reports its units', () => {
  it('keeps all other members', () => {
    const changed = reportUnits('Query', json({ TableName: 't', Limit: 1 }))
    expect(JSON.parse(changed.toString())).toEqual({ TableName: 't', Limit: 1, ReturnConsumedCapacity: 'TOTAL' })
  })

  it('is not changed if its operation uses no units', () => {
    const body = json({ TableName: 't' })
    expect(reportUnits('DescribeTable', body)).toBe(body)
  })
})

describe('the units of a call', () => {
  it('are those of the response', () => {
    expect(unitsOf('Query', json({ TableName: 't', ConsistentRead: true }), consumed(12), false)).toEqual([
      { table: 't', kind: 'read', units: 12 },
    ])
  })

  it.each([
    [true, 1],
    [false, 0.5],
  ])('of a query without results (consistent: %s) are %d', (ConsistentRead, units) => {
    expect(unitsOf('Query', json({ TableName: 't', ConsistentRead }), consumed(0), false)).toEqual([
      { table: 't', kind: 'read', units },
    ])
  })

  it('of a batch are those of each table', () => {
    const response = json({
      ConsumedCapacity: [
        { TableName: 'a', CapacityUnits: 3 },
        { TableName: 'b', CapacityUnits: 4 },
      ],
    })
    expect(unitsOf('BatchWriteItem', json({ RequestItems: {} }), response, false)).toEqual([
      { table: 'a', kind: 'write', units: 3 },
      { table: 'b', kind: 'write', units: 4 },
    ])
  })

  it('of a consistent scan are doubled for dynalite only', () => {
    const scan = json({ TableName: 't', ConsistentRead: true })
    expect(unitsOf('Scan', scan, consumed(8), true)).toMatchObject([{ units: 16 }])
    expect(unitsOf('Scan', scan, consumed(8), false)).toMatchObject([{ units: 8 }])
    expect(unitsOf('Query', scan, consumed(8), true)).toMatchObject([{ units: 8 }])
  })

  it('of a write whose condition is not met follow from the item', () => {
    const put = json({ TableName: 't', Item: { pk: { S: 'x'.repeat(1_500) } } })
    const failed = json({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' })
    expect(unitsOf('PutItem', put, failed, false)).toEqual([{ table: 't', kind: 'write', units: 2 }])
  })

  it('do not exist for other operations and other errors', () => {
    expect(unitsOf('DescribeTable', json({ TableName: 't' }), json({}), false)).toEqual([])
    expect(unitsOf('PutItem', json({ TableName: 't' }), json({ __type: 'x#ThrottlingException' }), false)).toEqual([])
  })
})
