import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { must } from '../../shared/values/must.ts'
import { decodeLine, encodeLine } from '../../shared/archive/record-line.ts'
import { archiveResources, type ArchiveResource } from '../../shared/specstar/archive-resources.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { eofFrame, headerFrame, startFrame } from '../../shared/specstar/stream-frame.ts'
import { craftRecords } from '../archive/craft.ts'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { madeStream } from './made-stream.ts'

const read = async (bytes: Buffer): Promise<ArchiveResource[]> => {
  const all: ArchiveResource[] = []
  for await (const one of archiveResources(memorySource(bytes))) all.push(one)
  return all
}
const msgpack = encodeMsgpack(new Map([['a', 1n]]))

describe('the resources of a stream', () => {
  it('come model by model, metadata before revisions, payloads decoded', async () => {
    const stream = madeStream({
      none: {},
      some: {
        resources: [
          { id: 'r', revisions: { 'r:1': '{"a":1}', 'r:2': msgpack }, indexed: { a: 1n } },
          { id: 's', revisions: { 's:1': 'neither' } },
        ],
        blobs: [Buffer.from('blob')],
      },
    })
    expect(await read(stream)).toStrictEqual([
      { kind: 'model', model: 'none' },
      { kind: 'model', model: 'some' },
      { kind: 'metadata', model: 'some', id: 'r', current: 'r:2', indexed: '{"a":1}' },
      { kind: 'revision', model: 'some', revision_id: 'r:1', payload: { a: 1n } },
      { kind: 'revision', model: 'some', revision_id: 'r:2', payload: { a: 1n } },
      { kind: 'metadata', model: 'some', id: 's', current: 's:1', indexed: undefined },
      { kind: 'revision', model: 'some', revision_id: 's:1', payload: undefined },
    ])
  })

  it('come behind a blob that is read in pieces', async () => {
    const stream = madeStream({ a: { blobs: [Buffer.alloc(33_554_432)] }, b: {} })
    expect(await read(stream)).toEqual([
      { kind: 'model', model: 'a' },
      { kind: 'model', model: 'b' },
    ])
  })

  it('are none where there is no model', async () => {
    expect(await read(Buffer.concat([headerFrame(), eofFrame()]))).toEqual([])
  })

  it('must each have their current revision', async () => {
    const stream = madeStream({ a: { resources: [{ id: 'r', revisions: { '1': '{}' }, current: '2' }] } })
    await expect(read(stream)).rejects.toThrow('resource "r" lacks its current revision "2"')
  })

  it('must have revisions of their own', async () => {
    const one = madeStream({ a: { resources: [{ id: 'r', revisions: { '1': '{}' } }] } })
    const other = madeStream({ a: { resources: [{ id: 's', revisions: { '1': '{}' } }] } })
    const head = headerFrame().length + startFrame('a').length
    // Each stream's metadata are as long as the other's.
    const meta = head + 4 + one.readUInt32BE(head)
    await expect(read(Buffer.concat([one.subarray(0, meta), other.subarray(meta)]))).rejects.toThrow(
      'revision "1" of resource "s" does not follow its metadata',
    )
  })

  it('must stand in a whole stream', async () => {
    const stream = madeStream({ a: { resources: [{ id: 'r', revisions: { '1': '{}' } }] } })
    await expect(read(stream.subarray(0, -1))).rejects.toThrow('the archive is truncated')
  })
})

describe('the resources of an archive of version 3', () => {
  it('come behind all of its models, with payloads as text and as bytes', async () => {
    const archive = await writeArchive({
      models: {
        none: [],
        some: [
          {
            id: 'r',
            revisions: [
              { n: 1, data: '{"a":1}' },
              { n: 2, data: msgpack },
            ],
            extra: { indexed_data: { S: '{"a":1}' } },
          },
        ],
        more: [{ id: 's', revisions: [{ n: 1, data: '[]' }] }],
      },
      blobs: { blob: Buffer.from('blob') },
    })
    expect(await read(archive)).toStrictEqual([
      { kind: 'model', model: 'more' },
      { kind: 'model', model: 'none' },
      { kind: 'model', model: 'some' },
      { kind: 'metadata', model: 'more', id: 's', current: 's:1', indexed: undefined },
      { kind: 'revision', model: 'more', revision_id: 's:1', payload: [] },
      { kind: 'metadata', model: 'some', id: 'r', current: 'r:2', indexed: '{"a":1}' },
      { kind: 'revision', model: 'some', revision_id: 'r:1', payload: { a: 1n } },
      { kind: 'revision', model: 'some', revision_id: 'r:2', payload: { a: 1n } },
    ])
  })

  it.each([
    [
      'refers to a payload that the archive does not contain',
      { data_spilled: { BOOL: true }, data_sha256: { S: hash('sha256', '{}') } },
      `entry payloads/${hash('sha256', '{}')} is missing; a revision refers to this payload`,
    ],
    ['neither contains a payload nor refers to one', {}, 'has no payload'],
  ])('are rejected if a revision %s', async (_what, attributes, message) => {
    const archive = craftRecords({
      lines: ([metadata, first, ...rest]) => {
        const kept = Object.entries(decodeLine(must(first))).filter(([name]) => !name.startsWith('data'))
        return [must(metadata), encodeLine({ ...Object.fromEntries(kept), ...attributes }), ...rest]
      },
    })
    const failure = expect(read(archive)).rejects
    await failure.toThrow(ArchiveInvalidError)
    await failure.toThrow(message)
  })

  it('may be fewer than the bytes that are looked at first', async () => {
    await expect(read(Buffer.from('short'))).rejects.toThrow('not an .acbak archive')
    await expect(read(Buffer.alloc(0))).rejects.toThrow()
  })
})
