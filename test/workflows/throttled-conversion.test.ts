import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { CONVERT, ConvertResult, type ConvertResultOf } from '../../shared/restore/messages/convert.ts'
import { encodeFrame } from '../../shared/specstar/stream-frame.ts'
import { must } from '../../shared/values/must.ts'
import { stableContents } from '../contents.ts'
import { mulberry32 } from '../simulate/random.ts'
import { buildStream, type ResourceSpec } from '../specstar/build-stream.ts'
import { UNRESTORABLE_STREAMS } from './kinds/unrestorable-streams.ts'
import { startRunner } from './start-runner.ts'
import { type Call, callWithStage, nthCall, throttleCalls } from './throttled-calls.ts'

const SEED = 11
const TIMEOUT_MS = 5 * 60_000

/** Several passes scan the stream, and several passes merge its runs. */
const limits = { runBytes: 6_000, mergedRuns: 3, seenBlobs: 15, blobsPerRange: 8, rangeBytes: 2_000 }
const runner = await startRunner({ callStage: callWithStage, limits })

const random = mulberry32(SEED)

/** Returns a copy of a resource with another id. */
const renamed = ({ id, revisions, currentRevisionId, ...rest }: ResourceSpec, suffix: string): ResourceSpec => {
  const revisionId = (old: string): string => old.replace(/:\d+$/, (number) => `${suffix}${number}`)
  return {
    ...rest,
    id: `${id}${suffix}`,
    revisions: Object.fromEntries(Object.entries(revisions).map(([key, payload]) => [revisionId(key), payload])),
    ...(currentRevisionId === undefined ? {} : { currentRevisionId: revisionId(currentRevisionId) }),
  }
}

const badResources = (model: string): ResourceSpec[] =>
  UNRESTORABLE_STREAMS.flatMap(({ bad }, k) => bad.map((spec) => renamed(spec, `-${model}-${k}`)))

const blobRecord = (file_id: string, bytes: string): Buffer =>
  encodeFrame({
    t: 'BlobRecord',
    file_id,
    blob_data: Buffer.from(bytes),
    size: BigInt(bytes.length),
    content_type: 'text/plain',
  })

const BLOBS = 12
/** The ids of blobs whose bytes do not have this hash. */
const DAMAGED = ['0'.repeat(32), '1'.repeat(32)]

/**
 * A stream with sound resources and with all kinds of faults: resources that cannot be restored, a resource without an
 * id, damaged blobs with and without references, a blob that occurs with different bytes, a missing blob, a spilled
 * payload, and a revision that occurs twice with the same content.
 */
const buildFaultyStream = (): Buffer => {
  const referring = (id: string, file_id: string, text = 'x'.repeat(200)): ResourceSpec => ({
    id,
    revisions: { [`${id}:1`]: JSON.stringify({ text, file: { file_id, size: 4 } }) },
  })
  const docs = Array.from({ length: 24 }, (_, k) => referring(`doc-${k}`, `blob ${k % BLOBS}`))
  const memos = Array.from({ length: 12 }, (_, k) => ({
    id: `memo-${k}`,
    revisions: { [`memo-${k}:1`]: '{}', [`memo-${k}:2`]: `{"text":"${'y'.repeat(100)}"}` },
  }))
  return buildStream({
    doc: {
      resources: [
        ...docs,
        referring('damaged', DAMAGED[0] ?? ''),
        referring('missing', 'blob 99'),
        referring('spilled', 'blob 1', 'z'.repeat(450_000)),
        ...badResources('doc'),
      ],
      blobs: Array.from({ length: BLOBS }, (_, k) => Buffer.from(`blob ${k}`)),
      records: DAMAGED.map((id) => blobRecord(id, `damaged ${id}`)),
    },
    memo: {
      resources: [
        { id: '', revisions: {}, currentRevisionId: ':1' },
        ...memos,
        { id: 'memo-0', revisions: { 'memo-0:1': '{}' }, withoutMetadata: true },
        ...badResources('memo'),
      ],
      records: [blobRecord('blob 0', 'other bytes')],
    },
  })
}

/**
 * The resource without an id, a resource that refers to a damaged blob, two resources that refer to the blob with
 * different bytes, and the damaged blob to which no resource refers.
 */
const OTHER_FAULTS = 5

/** The files that a conversion of this stream writes. */
const WRITTEN = [
  'convert/archive/',
  'convert/contents/',
  'convert/damaged-blobs/',
  'convert/digests/',
  'convert/fault-pages/',
  'convert/faults/',
  'convert/findings/',
  'convert/references/',
  'convert/remaining-runs/',
  'convert/runs/',
  'convert/segments/',
  'converted.json',
  'missing/',
]

const stream = buildFaultyStream()

/** What a restore leaves behind, without ids, times and keys of the job. */
interface Outcome {
  readonly job: unknown
  readonly report: unknown
  readonly contents: ReturnType<typeof stableContents>
}

const outcomeOf = async (job: RestoreJob): Promise<Outcome> => {
  const report = must(await runner.readReport(job))
  const archive = { ...report.archive, manifest_sha256: '' }
  const withoutId = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(job.job_id, 'JOB'))
  return {
    job: withoutId({ status: job.status, error: job.error, result: { ...job.result, report: '' } }),
    report: withoutId({ ...report, started_at: '', ended_at: '', archive }),
    contents: stableContents(await runner.contents()),
  }
}

const restore = async (isThrottled: (call: Call) => boolean): Promise<{ job: RestoreJob; calls: readonly Call[] }> => {
  const calls = throttleCalls(runner, (call) => call.stage === 'convert' && isThrottled(call))
  const job = await runner.restore(stream, { strict: false })
  vi.restoreAllMocks()
  return { job, calls: calls.filter(({ stage }) => stage === 'convert') }
}

/** The kind of a call: its operation, and the table or the name of the file without ids. */
const kindOf = ({ operation, target, key }: Call): string => {
  const file = key.replace(/^work\/[^/]+\//, '').replace(/[^/]*[0-9a-f]{8}-[0-9a-f]{4}-.*$/, '')
  return `${operation} ${key === '' ? target.replace(/-[0-9a-f]{8}$/, '') : file.replace(/\/\d+\/$/, '/')}`
}

let expected: Outcome
let kinds: ReadonlyMap<string, number>
let phases: readonly string[]

beforeAll(async () => {
  const { job, calls } = await restore(() => false)
  expected = await outcomeOf(job)
  const counts = new Map<string, number>()
  for (const call of calls) counts.set(kindOf(call), (counts.get(kindOf(call)) ?? 0) + 1)
  kinds = counts
  phases = (await allResults(runner.services, job.job_id, CONVERT)).map(({ phase }) => phase)
  await runner.wipe()
}, TIMEOUT_MS)

afterEach(async () => {
  vi.restoreAllMocks()
  await runner.freeLeases()
  await runner.wipe()
})

describe('the restore of a stream with faults', () => {
  it('has several passes, and lists every kind of fault', () => {
    expect(expected.job).toMatchObject({
      status: 'partial',
      result: {
        verification: { passed: true, proved: true },
        left_out: { count: 2 * UNRESTORABLE_STREAMS.length + OTHER_FAULTS },
        missing_blobs: { count: 1 },
      },
    })
    for (const phase of ['scan', 'merge'])
      expect(phases.filter((each) => each === phase).length, phase).toBeGreaterThan(1)
    const written = [...kinds.keys()].filter((kind) => kind.startsWith('PutObject'))
    expect(written.toSorted()).toEqual(WRITTEN.map((file) => `PutObject ${file}`))
  })

  it.each([1, 2])(
    'ends like a restore without throttling if a call of any kind is throttled (%i times in succession)',
    async (count) => {
      for (const [kind, calls] of kinds) {
        const n = 1 + Math.floor(random() * calls)
        const { job, calls: made } = await restore(nthCall(n, (call) => kindOf(call) === kind, count))
        const what = `${kind}, ${count} calls, beginning with call ${n} of ${calls}`
        expect(made.length, what).toBeGreaterThan(0)
        expect(await outcomeOf(job), what).toEqual(expected)
        await runner.wipe()
      }
    },
    TIMEOUT_MS,
  )

  it.each([
    ['records', (result: ConvertResultOf<'records'>) => ({ ...result, segments: result.segments.slice(1) })],
    ['faults', (result: ConvertResultOf<'records'>) => ({ ...result, faults: undefined })],
  ])('fails, and writes nothing, if the conversion has lost %s', async (_what, lose) => {
    const { jobs } = runner.services
    const keepResult = jobs.keepResult.bind(jobs) as (...call: readonly unknown[]) => Promise<never>
    vi.spyOn(jobs, 'keepResult').mockImplementation((id, stage, n, pass, result) => {
      const { data } = stage.name === CONVERT.name ? ConvertResult.safeParse(result) : { data: undefined }
      return keepResult(id, stage, n, pass, data?.phase === 'records' ? lose(data) : result)
    })
    expect(await runner.restore(stream, { strict: false })).toMatchObject({ status: 'failed' })
    const { items, objects } = await runner.contents()
    expect(items.size + objects.size).toBe(0)
  })
})
