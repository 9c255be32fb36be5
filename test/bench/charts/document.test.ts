import { describe, expect, it } from 'vitest'
import type { BenchResult, DataSetResult } from '../results/result.ts'
import { resultsDocument } from './document.ts'

const MIB = 1024 * 1024

const dataSet: DataSetResult = {
  kind: 'records',
  size: { resources: 500, revisions: 1, itemBytes: 1_000, blobs: 0, blobBytes: 0 },
  items: 1_000,
  bytes: 2e6,
  measures: {
    export: { kind: 'ours', seconds: [1, 2, 3], stages: { 'plan-export': [0.25] }, processes: {} },
    'dynamodump backup': { kind: 'peer', seconds: [], stages: {}, processes: {}, error: 'it failed' },
  },
  ratios: { 'export / plain export': 0.5, 'verify / read and hash': 0.9 },
  counted: {
    export: {
      stages: {
        'export-records': {
          calls: {},
          read_units: { resources: 300 },
          write_units: {},
          bytes_read: 0,
          bytes_written: 0,
        },
      },
      workers: { 'export-records': { processes: 1, cpu_seconds: 1, peak_bytes: 100 * MIB } },
      least: { read_units: 200, write_units: 0, table_calls: 0, blob_reads: 0, blob_writes: 0 },
      cost_per_million: { dynamodb: 1, s3: 2, lambda: 0.5 },
    },
  },
}
const result: BenchResult = {
  measured_at: '2026-01-05T08:30:00.000Z',
  mode: 'full',
  rounds: 5,
  machine: { cpu: 'a processor', cores: 2, memory_bytes: 24 * 1024 * MIB, system: 'Linux' },
  versions: { node: '24.0.0' },
  services: { dynamodb: 'dynalite', s3: 'infra/local/s3' },
  data_sets: { small: dataSet },
  peers: { p: { package: 'peer==1.0', losses: ['Cache-Control: changed from max-age=60 to undefined'] } },
  latency: { 'export of an empty model': [0.1, 0.3, 0.2] },
}

describe('the document of a run', () => {
  const document = resultsDocument(result)

  it('shows each measured ratio, and in bold those below the wanted ratio', () => {
    expect(document).toContain('| export / plain export | 0.85 | **0.50** |')
    expect(document).toContain('| verify / read and hash | 0.85 | 0.90 |')
  })

  it('shows the medians of measures, stages and end-to-end times', () => {
    expect(document).toContain('| export | 2.00 |')
    expect(document).toContain('| – plan-export | 0.25 |')
    expect(document).toContain('| dynamodump backup | failed |')
    expect(document).toContain('| export of an empty model | 0.20 |')
  })

  it('shows the units for 1,000 resources and their excess over the least possible number', () => {
    expect(document).toContain('| export | small | 0 | 600 (50 %) | 0 | 0 | 0 | 3.50 |')
  })

  it('shows the peak memory of each worker in MiB', () => {
    expect(document).toContain('| export: export-records | 100 |')
  })

  it('lists what each peer changed or lost', () => {
    expect(document).toContain('- peer==1.0:\n  - Cache-Control: changed from `max-age=60` to `undefined`')
  })
})
