import { describe, expect, it } from 'vitest'
import { checkFaultCount, checkLineCounts } from '../../../shared/restore/convert/check-counts.ts'
import type { ConvertResultOf, LineCounts } from '../../../shared/restore/messages/convert.ts'

const OBJECT = { bucket: 'work', key: 'k', etag: 'e', size: 1 }

const scan = (lines?: LineCounts): ConvertResultOf<'scan'> => ({
  done: false,
  phase: 'scan',
  runs: [],
  ...(lines === undefined ? {} : { lines }),
  content_count: 0,
  references: { object: OBJECT, payloads: 0, blobs: 0 },
  models: [],
  resources: 0,
  revisions: 0,
})

const segment = (resources: number, revisions: number): ConvertResultOf<'records'>['segments'][number] => ({
  object: OBJECT,
  summary: {
    size: 1,
    frame_sha256: '',
    unpacked_size: 1,
    index: { offset: 0, size: 1, sha256: '', unpacked_size: 1 },
  },
  model: 'memo',
  resources,
  revisions,
  digests: OBJECT,
})

const records = (
  segments: readonly ReturnType<typeof segment>[],
  counts: Pick<ConvertResultOf<'records'>, 'omitted_lines' | 'fault_count'>,
): ConvertResultOf<'records'> => ({ done: false, phase: 'records', segments, ...counts })

const NONE = { metadata: 0, revisions: 0 }

describe('the comparison of the scanned and the converted records', () => {
  it('accepts a conversion whose passes have written or omitted every record', () => {
    const results = [
      scan({ metadata: 3, revisions: 4 }),
      scan({ metadata: 2, revisions: 2 }),
      records([segment(2, 2), segment(1, 1)], { omitted_lines: { metadata: 1, revisions: 2 } }),
      records([segment(1, 1)], { omitted_lines: NONE }),
    ]
    expect(() => {
      checkLineCounts(results)
    }).not.toThrow()
  })

  it.each([
    ['metadata', segment(1, 2)],
    ['revisions', segment(2, 1)],
  ])('rejects a conversion that has lost %s', (_what, written) => {
    const results = [scan({ metadata: 2, revisions: 2 }), records([written], { omitted_lines: NONE })]
    expect(() => {
      checkLineCounts(results)
    }).toThrow(/found 2 records of metadata and 2 revisions, but the conversion has processed/)
  })

  it('does not compare results of earlier releases, which have no counts', () => {
    for (const results of [
      [scan({ metadata: 2, revisions: 2 }), records([segment(1, 1)], {})],
      [scan(), scan({ metadata: 2, revisions: 2 }), records([segment(1, 1)], { omitted_lines: NONE })],
    ])
      expect(() => {
        checkLineCounts(results)
      }).not.toThrow()
  })
})

describe('the comparison of the found and the listed faults', () => {
  const page = { model: 'memo', first_h: '', last_h: '', count: 3, without_metadata: 0, list: OBJECT }
  const check =
    (...counts: (number | undefined)[]) =>
    (): void => {
      checkFaultCount(
        counts.map((fault_count) => records([], fault_count === undefined ? {} : { fault_count })),
        [page, { ...page, count: 2 }],
      )
    }

  it('accepts pages that list every fault', () => {
    expect(check(1, 4)).not.toThrow()
  })

  it('rejects pages that do not list every fault', () => {
    expect(check(4, 2)).toThrow(/has found 6 resources that cannot be restored, but has listed 5/)
  })

  it('does not compare results of earlier releases, which have no counts', () => {
    expect(check(4, undefined)).not.toThrow()
  })
})
