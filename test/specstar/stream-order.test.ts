import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { ORDER_START, OrderState, StreamOrder } from '../../shared/specstar/stream-order.ts'
import type { StreamRecord } from '../../shared/specstar/stream-reader.ts'

const common = { number: 7, offset: 99, end: 120, frame: Buffer.alloc(0) }
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

const metaOf = (resource_id: string, current_revision_id: string) => ({
  resource_id,
  current_revision_id,
  total_revision_count: 1n,
  created_time: '',
  updated_time: '',
  created_by: '',
  updated_by: '',
})
const infoOf = (resource_id: string, revision_id: string) => ({
  resource_id,
  revision_id,
  uid: '',
  status: 'stable',
  created_time: '',
  updated_time: '',
  created_by: '',
  updated_by: '',
})

/** The order after these records; each state on the way goes through JSON, as between two passes. */
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
  it('is followed from the header to the end', () => {
    const order = new StreamOrder()
    expect(order.state).toStrictEqual({ begun: false, ended: false, blobs: false })
    expect(order.state).toStrictEqual(ORDER_START)
    order.check(header)
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: false })
    order.check(start('a'))
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: false, section: 'a' })
    expect(order.model(meta)).toBe('a')
    order.check(meta)
    order.meta({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    const resource = { id: 'r', current: 'r:2', has_current: false, number: 3, offset: 40 }
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: false, section: 'a', resource })
    order.check(revision)
    order.revision(revision, infoOf('r', 'r:1'))
    expect(order.state.resource).toStrictEqual(resource)
    order.revision(revision, infoOf('r', 'r:2'))
    expect(order.state.resource).toStrictEqual({ ...resource, has_current: true })
    order.revision(revision, infoOf('r', 'r:3'))
    expect(order.state.resource).toStrictEqual({ ...resource, has_current: true })
    order.check(blob)
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: true, section: 'a' })
    order.check(blob)
    order.check(end('a'))
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: true })
    order.check(start('b'))
    expect(order.state).toStrictEqual({ begun: true, ended: false, blobs: false, section: 'b' })
    order.check(end('b'))
    expect(order.ended).toBe(false)
    order.check(eof)
    expect(order.ended).toBe(true)
    expect(order.state).toStrictEqual({ begun: true, ended: true, blobs: false })
  })

  it.each([
    ['a section without a header', after(), start(), 'a ModelStartRecord instead of the HeaderRecord'],
    ['the end without a header', after(), eof, 'a EofRecord instead of the HeaderRecord'],
    ['a second header', after(header), header, 'a second HeaderRecord'],
    ['a header in a section', after(header, start()), header, 'a second HeaderRecord'],
    ['a section in another', after(header, start('a')), start('b'), 'the section of model a has no ModelEndRecord'],
    ['the end in a section', after(header, start('a')), eof, 'the section of model a has no ModelEndRecord'],
    ["another section's end", after(header, start('a')), end('b'), 'the end of model b in the section of model a'],
    ['the end of no section', after(header), end('b'), 'the end of model b in the section of model (none)'],
    ['metadata outside', after(header), meta, "a MetaRecord outside of a model's section"],
    ['a revision outside', after(header), revision, "a RevisionRecord outside of a model's section"],
    ['a blob outside', after(header), blob, "a BlobRecord outside of a model's section"],
    ['metadata after the blobs', after(header, start(), blob), meta, 'a MetaRecord after the blobs of model a'],
    [
      'a revision after the blobs',
      after(header, start(), blob),
      revision,
      'a RevisionRecord after the blobs of model a',
    ],
    [
      'metadata behind a section that had blobs',
      after(header, start(), blob, end()),
      meta,
      "a MetaRecord outside of a model's section",
    ],
    [
      'a name that is none',
      after(header),
      start('1\n'),
      '"1\\n" is no name of a model: a letter, then up to 62 of A-Z a-z 0-9 _ -',
    ],
  ])('does not take %s', (_what, order, record, reason) => {
    expect(() => {
      order.check(record)
    }).toThrow(invalid(reason))
  })

  it('lets resources follow each other, whatever their ids', () => {
    const order = after(header, start())
    for (const id of ['b', 'a', 'c']) {
      order.meta(meta, metaOf(id, `${id}:1`))
      order.revision(revision, infoOf(id, `${id}:1`))
    }
    order.check(end())
    expect(order.state).not.toHaveProperty('resource')
  })

  it('names a resource that follows itself, and where it stood before', () => {
    const order = after(header, start())
    order.meta({ number: 3, offset: 40 }, metaOf('r\u0085', '1'))
    expect(() => {
      order.meta(meta, metaOf('r\u0085', '1'))
    }).toThrow(invalid('resource "r\\u0085" stands twice, also at byte 40'))
  })

  it.each([
    ['before any metadata', () => after(header, start())],
    [
      'behind the metadata of another resource',
      () => {
        const order = after(header, start())
        order.meta(meta, metaOf('s', '1'))
        return order
      },
    ],
  ])('does not take a revision %s', (_what, order) => {
    expect(() => {
      order().revision(revision, infoOf('r', 'r:1'))
    }).toThrow(invalid('revision "r:1" of resource "r" does not follow its metadata'))
  })

  it.each([
    ['a blob', blob],
    ['the end of its section', end()],
  ])('asks for the current revision of a resource before %s', (_what, record) => {
    const order = after(header, start())
    order.meta({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    order.revision(revision, infoOf('r', 'r:1'))
    expect(() => {
      order.check(record)
    }).toThrow(invalid('resource "r" lacks its current revision "r:2"', 'record 3 at byte 40'))
  })

  it('asks for the current revision of a resource before the next one', () => {
    const order = after(header, start())
    order.meta({ number: 3, offset: 40 }, metaOf('r', 'r:2'))
    expect(() => {
      order.meta(meta, metaOf('s', 's:1'))
    }).toThrow(invalid('resource "r" lacks its current revision "r:2"', 'record 3 at byte 40'))
  })
})
