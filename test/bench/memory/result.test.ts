import { describe, expect, it } from 'vitest'
import { type MemoryResult, memoryText, stagesAboveLimit } from './result.ts'

const MIB = 1024 * 1024

const usage = (mebibytes: number): MemoryResult['sizes'][string]['jobs'][string][string] => ({
  cpu_seconds: 1,
  peak_bytes: mebibytes * MIB,
  processes: 1,
})

const sizeOf = (jobs: MemoryResult['sizes'][string]['jobs']): MemoryResult['sizes'][string] => ({
  resources: 1,
  archive_bytes: 1_030_000_000,
  stream_bytes: 1,
  seconds: 1,
  jobs,
  measured_at: '2026-01-01T00:00:00.000Z',
  machine: { cpu: '', cores: 1, memory_bytes: 1, system: '' },
  versions: {},
  node_settings: {},
})

const RESULT = {
  sizes: {
    '1gb': sizeOf({ export: { 'export-records': usage(256) } }),
    '10gb': sizeOf({ export: { 'export-records': usage(257), 'export-blobs': usage(100) } }),
  },
}

describe('the memory of workers', () => {
  it('is reported if it is larger than 256 MiB', () => {
    expect(stagesAboveLimit(RESULT)).toEqual(['10gb: export: export-records has used 257 MiB; at most 256 are allowed'])
  })

  it('has one row for each stage and one column for each size', () => {
    const lines = memoryText(RESULT).split('\n')
    expect(lines.find((line) => line.includes('peak memory'))).toMatch(/1gb \(1\.03 GB\).*10gb \(1\.03 GB\)/)
    expect(lines.find((line) => line.includes('export: export-records'))).toMatch(/256.*257/)
    expect(lines.find((line) => line.includes('export: export-blobs'))).toMatch(/│ +│ +100 │/)
  })
})
