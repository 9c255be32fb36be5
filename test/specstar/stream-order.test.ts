import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { ORDER_START, OrderState, StreamOrder } from '../../shared/specstar/stream-order.ts'
import type { ResourceRecordType, StreamRecord } from '../../shared/specstar/stream-record.ts'

const common = { number: 7, offset: 99, end: 120, body: Buffer.alloc(0) }
const header: StreamRecord = { ...common, t: 'HeaderRecord', version: 2n }
const start = (model_name = 'a'): StreamRecord => ({ ...common, t: 'ModelStartRecord', model_name })
const end = (model_name = 'a'): StreamRecord => ({ ...common, t: 'ModelEndRecord', model_name })
const meta: StreamRecord = { ...common, t: 'MetaRecord', data: Buffer.alloc(0) }
const revision: StreamRecord = { ...common, t: 'RevisionRecord', data: Buffer.alloc(0) }
const blob: StreamRecord = {
  ...common,
  t: 'BlobRecord',
  file_id: 'x',
  size: 0n,
  content_type: '',
  content: { offset: 110, length: 0, pieces: (async function* () {})() },
}
const eof: StreamRecord = { ...common, t: 'EofRecord' }
const broken = (type: ResourceRecordType): StreamRecord => ({
  ...common,
  t: 'BrokenRecord',
  type,
  file_id: undefined,
  fault: 'broken',
})

/**
 * The order after these records. Between two records, the state is converted to JSON and back, as between two passes.
 */
const after = (...records: readonly StreamRecord[]): StreamOrder => {
  let order = new StreamOrder()
  for (const record of records) {
    order.check(record)
    order = new StreamOrder(OrderState.parse(JSON.parse(JSON.stringify(order.state))))
  }
  return order
}
const invalid = (reason: string): ArchiveInvalidError => new ArchiveInvalidError(`record 7 at byte 99: ${reason}`)

describe('the order of the records of a stream', () => {
  it('is tracked from the header to the end', () => {
    const order = new StreamOrder()
    expect(order.state).toStrictEqual({ has_header: false, has_ended: false, in_blobs: false })
    expect(order.state).toStrictEqual(ORDER_START)
    order.check(header)
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: false })
    order.check(start('a'))
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: false, section: 'a' })
    expect(order.modelOf(meta)).toBe('a')
    order.check(meta)
    order.check(revision)
    order.check(meta)
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: false, section: 'a' })
    order.check(blob)
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: true, section: 'a' })
    order.check(blob)
    order.check(end('a'))
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: true })
    order.check(start('b'))
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: false, section: 'b' })
    order.check(end('b'))
    expect(order.hasEnded).toBe(false)
    order.check(eof)
    expect(order.hasEnded).toBe(true)
    expect(order.state).toStrictEqual({ has_header: true, has_ended: true, in_blobs: false })
  })

  it.each([
    ['a section without a header', after(), start(), 'the first record must be a HeaderRecord, not ModelStartRecord'],
    ['the end without a header', after(), eof, 'the first record must be a HeaderRecord, not EofRecord'],
    ['a second header', after(header), header, 'only the first record may be a HeaderRecord'],
    ['a header in a section', after(header, start()), header, 'only the first record may be a HeaderRecord'],
    [
      'a section inside another one',
      after(header, start('a')),
      start('b'),
      'the section of model a has no ModelEndRecord',
    ],
    ['the end inside a section', after(header, start('a')), eof, 'the section of model a has no ModelEndRecord'],
    [
      'the end of another section',
      after(header, start('a')),
      end('b'),
      'a ModelEndRecord of model b needs an open section of that model; the open section is that of model a',
    ],
    [
      'the end of a section that is not open',
      after(header),
      end('b'),
      'a ModelEndRecord of model b needs an open section of that model; no section is open',
    ],
    ['metadata outside a section', after(header), meta, 'a MetaRecord must be inside the section of a model'],
    ['a revision outside a section', after(header), revision, 'a RevisionRecord must be inside the section of a model'],
    ['a blob outside a section', after(header), blob, 'a BlobRecord must be inside the section of a model'],
    ['metadata after the blobs', after(header, start(), blob), meta, 'a MetaRecord must precede the blobs of model a'],
    [
      'a revision after the blobs',
      after(header, start(), blob),
      revision,
      'a RevisionRecord must precede the blobs of model a',
    ],
    [
      'metadata after a section with blobs',
      after(header, start(), blob, end()),
      meta,
      'a MetaRecord must be inside the section of a model',
    ],
    [
      'an invalid name of a model',
      after(header),
      start('1\n'),
      '"1\\n" is not a valid name of a model, which is a letter followed by at most 62 of A-Z a-z 0-9 _ -',
    ],
  ])('rejects %s', (_what, order, record, reason) => {
    expect(() => {
      order.check(record)
    }).toThrow(invalid(reason))
  })

  it.each([
    ['metadata before revisions', [meta, revision, revision, meta, revision]],
    ['all metadata before all revisions', [meta, meta, revision, revision, revision]],
    ['revisions before metadata', [revision, meta, revision, revision, meta]],
  ])('accepts %s in a section', (_what, records) => {
    const order = after(header, start(), ...records, blob, end(), eof)
    expect(order.hasEnded).toBe(true)
  })

  it('is the same for broken records as for sound ones', () => {
    const order = after(header, start(), broken('MetaRecord'), broken('RevisionRecord'), broken('BlobRecord'))
    expect(order.modelOf(broken('BlobRecord'))).toBe('a')
    expect(() => {
      order.check(broken('MetaRecord'))
    }).toThrow(invalid('a MetaRecord must precede the blobs of model a'))
    expect(() => {
      after(header).check(broken('BlobRecord'))
    }).toThrow(invalid('a BlobRecord must be inside the section of a model'))
    expect(() => {
      after(broken('BlobRecord'))
    }).toThrow(invalid('the first record must be a HeaderRecord, not BlobRecord'))
  })
})
