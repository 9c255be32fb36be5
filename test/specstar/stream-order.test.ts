import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { ORDER_START, OrderState, StreamOrder } from '../../shared/specstar/stream-order.ts'
import type { StreamRecord } from '../../shared/specstar/stream-record.ts'

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

const metaOf = (resource_id: string, current_revision_id: string) => ({ resource_id, current_revision_id })
const infoOf = (resource_id: string, revision_id: string) => ({ resource_id, revision_id })

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
const invalid = (reason: string, where = 'record 7 at byte 99'): ArchiveInvalidError =>
  new ArchiveInvalidError(`${where}: ${reason}`)

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
    order.beginResource({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    const resource = { id: 'r', current_revision_id: 'r:2', has_current_revision: false, number: 3, offset: 40 }
    expect(order.state).toStrictEqual({ has_header: true, has_ended: false, in_blobs: false, section: 'a', resource })
    order.check(revision)
    order.addRevision(revision, infoOf('r', 'r:1'))
    expect(order.state.resource).toStrictEqual(resource)
    order.addRevision(revision, infoOf('r', 'r:2'))
    expect(order.state.resource).toStrictEqual({ ...resource, has_current_revision: true })
    order.addRevision(revision, infoOf('r', 'r:3'))
    expect(order.state.resource).toStrictEqual({ ...resource, has_current_revision: true })
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
      '"1\\n" is not the name of a model: a letter, then at most 62 of A-Z a-z 0-9 _ -',
    ],
  ])('rejects %s', (_what, order, record, reason) => {
    expect(() => {
      order.check(record)
    }).toThrow(invalid(reason))
  })

  it('does not restrict the order of resource ids', () => {
    const order = after(header, start())
    for (const id of ['b', 'a', 'c']) {
      order.beginResource(meta, metaOf(id, `${id}:1`))
      order.addRevision(revision, infoOf(id, `${id}:1`))
    }
    order.check(end())
    expect(order.state).not.toHaveProperty('resource')
  })

  it('rejects a resource that occurs twice in succession, and names both locations', () => {
    const order = after(header, start())
    order.beginResource({ number: 3, offset: 40 }, metaOf('r\u0085', '1'))
    expect(() => {
      order.beginResource(meta, metaOf('r\u0085', '1'))
    }).toThrow(invalid('resource "r\\u0085" occurs twice, first at byte 40'))
  })

  it.each([
    ['before any metadata', () => after(header, start())],
    [
      'after the metadata of another resource',
      () => {
        const order = after(header, start())
        order.beginResource(meta, metaOf('s', '1'))
        return order
      },
    ],
  ])('rejects a revision %s', (_what, order) => {
    expect(() => {
      order().addRevision(revision, infoOf('r', 'r:1'))
    }).toThrow(invalid('revision "r:1" does not follow the metadata of its resource "r"'))
  })

  it.each([
    ['a blob', blob],
    ['the end of its section', end()],
  ])('requires the current revision of a resource before %s', (_what, record) => {
    const order = after(header, start())
    order.beginResource({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    order.addRevision(revision, infoOf('r', 'r:1'))
    expect(() => {
      order.check(record)
    }).toThrow(invalid('resource "r" does not contain its current revision "r:2"', 'record 3 at byte 40'))
  })

  it('requires the current revision of a resource before the next resource', () => {
    const order = after(header, start())
    order.beginResource({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    expect(() => {
      order.beginResource(meta, metaOf('s', 's:1'))
    }).toThrow(invalid('resource "r" does not contain its current revision "r:2"', 'record 3 at byte 40'))
  })
})
