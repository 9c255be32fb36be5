import { describe, expect, it } from 'vitest'
import { callsOf, classOf, costPerMillion } from './cost.ts'

describe('the class of an operation', () => {
  it.each([
    ['Query', 'table'],
    ['BatchWriteItem', 'table'],
    ['PutItem', 'table'],
    ['GetObject', 'object-read'],
    ['HeadObject', 'object-read'],
    ['PutObject', 'object-write'],
    ['UploadPartCopy', 'object-write'],
    ['ListObjectsV2', 'object-write'],
    ['DeleteObjects', 'free'],
  ])('of %s is %s', (operation, expected) => {
    expect(classOf(operation)).toBe(expected)
  })

  it('decides which calls are counted', () => {
    const calls = { Query: 3, PutItem: 4, GetObject: 5, PutObject: 6, DeleteObject: 7 }
    expect(callsOf({ calls }, 'table')).toBe(7)
    expect(callsOf({ calls }, 'object-write')).toBe(6)
  })
})

describe('the cost of a million resources', () => {
  it('follows from the units, the requests and the CPU time of a job with fewer resources', () => {
    const stages = {
      'export-records': {
        calls: { Query: 1_000, PutObject: 10, GetObject: 100 },
        read_units: { resources: 900, jobs: 100 },
        write_units: { jobs: 100 },
        bytes_read: 0,
        bytes_written: 0,
      },
    }
    const workers = { 'export-records': { processes: 1, peak_bytes: 1, cpu_seconds: 10 } }
    const cost = costPerMillion({ stages, workers }, 1_000)
    // A thousand times the cost of a thousand resources: 1,000 read units and 100 write units.
    expect(cost.dynamodb).toBeCloseTo(1_000 * (1_000 * 0.125e-6 + 100 * 0.625e-6))
    expect(cost.s3).toBeCloseTo(1_000 * (100 * 0.4e-6 + 10 * 5e-6))
    expect(cost.lambda).toBeCloseTo(1_000 * 10 * (1_769 / 1_024) * 0.0000133334)
  })
})
