import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import type { DataSetResult } from '../results/result.ts'
import { chartSvg } from './chart.ts'
import { chartsOf } from './charts.ts'

const count = (svg: string, element: string): number => svg.split(`<${element} `).length - 1
const parse = (svg: string): unknown => new XMLParser().parse(svg)

describe('a chart', () => {
  const chart = { title: 'a < b & "c"', xTitle: 'x', yTitle: 'y' }
  const series = [
    {
      name: 'first',
      points: [
        [1, 2],
        [10, 4],
        [100, 8],
      ] as const,
    },
    { name: 'second', points: [[1, 1]] as const },
    { name: 'not measured', points: [] },
  ]

  it('draws a line for each series that has points, and a circle for each point', () => {
    const svg = chartSvg({ ...chart, series })
    expect(count(svg, 'path')).toBe(2)
    expect(count(svg, 'circle')).toBe(4)
    expect(svg).toContain('>second</text>')
    expect(svg).not.toContain('not measured')
  })

  it('escapes text, so that a reader of XML finds it', () => {
    expect(parse(chartSvg({ ...chart, series }))).toMatchObject({
      svg: { text: expect.arrayContaining(['a < b & "c"']) as unknown },
    })
  })

  it('places larger values higher and further right', () => {
    const circles = [...chartSvg({ ...chart, series }).matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ])
    const [first = [], second = [], third = []] = circles
    expect(first[0]).toBeLessThan(second[0] ?? 0)
    // The x axis is logarithmic.
    expect((third[0] ?? 0) - (second[0] ?? 0)).toBeCloseTo((second[0] ?? 0) - (first[0] ?? 0))
    expect(second[1]).toBeGreaterThan(third[1] ?? 0)
  })

  it('contains no invalid number if it has one point', () => {
    expect(chartSvg({ ...chart, series: series.slice(1, 2) })).not.toMatch(/NaN|Infinity/)
  })

  it('is rejected if no series has points', () => {
    expect(() => chartSvg({ ...chart, series: series.slice(2) })).toThrow('has no points')
  })
})

describe('the charts of a run', () => {
  const dataSet = (bytes: number, series?: string): DataSetResult => ({
    kind: 'records',
    ...(series === undefined ? {} : { series }),
    size: { resources: 1, revisions: 1, itemBytes: 1, blobs: 0, blobBytes: 0 },
    items: 2,
    bytes,
    measures: { export: { kind: 'ours', seconds: [1, 2, 3], stages: {}, processes: {} } },
    ratios: {},
    counted: {
      export: {
        stages: {},
        workers: { 'export-records': { processes: 1, cpu_seconds: 1, peak_bytes: 100 * 1024 * 1024 } },
        least: { read_units: 0, write_units: 0, table_calls: 0, blob_reads: 0, blob_writes: 0 },
        cost_per_million: { dynamodb: 0, s3: 0, lambda: 0 },
      },
    },
  })

  it('contain the data sets of the series', () => {
    const charts = chartsOf({ data_sets: { a: dataSet(1e6, 's'), b: dataSet(4e6, 's'), c: dataSet(9e6) } })
    expect(Object.keys(charts)).toEqual(['throughput.svg', 'memory.svg'])
    for (const svg of Object.values(charts)) expect(count(svg, 'circle')).toBe(2)
    expect(charts['throughput.svg']).toContain('size of the store in MB (s)')
  })
})
