import { describe, expect, it } from 'vitest'
import { CallCounter, sumOfCalls } from './call-counter.ts'

describe('the counter of calls', () => {
  it('counts calls, units and bytes by stage, and tables by their purposes', () => {
    const counter = new CallCounter({ resources: 'table-1' })
    counter.stage = 'verify'
    counter.addTableCall('Query', [{ table: 'table-1', kind: 'read', units: 2 }])
    counter.addTableCall('Query', [{ table: 'table-1', kind: 'read', units: 3 }])
    counter.stage = 'report'
    counter.addTableCall('PutItem', [{ table: 'other', kind: 'write', units: 1 }])
    counter.addObjectCall('GetObject', { read: 10, written: 0 })
    const taken = counter.take()
    expect(taken).toEqual({
      verify: { calls: { Query: 2 }, read_units: { resources: 5 }, write_units: {}, bytes_read: 0, bytes_written: 0 },
      report: {
        calls: { PutItem: 1, GetObject: 1 },
        read_units: {},
        write_units: { other: 1 },
        bytes_read: 10,
        bytes_written: 0,
      },
    })
    expect(counter.take()).toEqual({})
    expect(sumOfCalls(Object.values(taken)).calls).toEqual({ Query: 2, PutItem: 1, GetObject: 1 })
  })
})
