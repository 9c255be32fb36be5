import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'
import { must } from '../../shared/values/must.ts'
import { decodeLine, encodeLine } from '../../shared/archive/record-line.ts'
import { archiveResources, type ArchiveResource } from '../../shared/specstar/archive-resources.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { eofFrame, headerFrame } from '../../shared/specstar/stream-frame.ts'
import { craftRecords } from '../archive/craft.ts'
import type { Item } from '../../shared/tables/item.ts'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { buildStream } from './build-stream.ts'

const read = (bytes: Buffer): Promise<ArchiveResource[]> => Array.fromAsync(archiveResources(memorySource(bytes)))
const msgpack = encodeMsgpack(new Map([['a', 1n]]))

const withoutAttribute = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([one]) => one !== name))

describe('the resources of a stream', () => {
  it('are returned model by model, metadata before revisions, with decoded payloads', async () => {
    const stream = buildStream({
      none: {},
      some: {
        resources: [
          { id: 'r', revisions: { 'r:1': '{"a":1}', 'r:2': msgpack }, indexed: { a: 1n } },
          { id: 's', revisions: { 's:1': 'neither JSON nor msgpack' } },
        ],
        blobs: [Buffer.from('blob')],
      },
    })
    expect(await read(stream)).toStrictEqual([
      { kind: 'model', model: 'none' },
      { kind: 'model', model: 'some' },
      { kind: 'metadata', model: 'some', id: 'r', currentRevisionId: 'r:2', indexedData: '{"a":1}' },
      { kind: 'revision', model: 'some', id: 'r', revisionId: 'r:1', payload: { a: 1n } },
      { kind: 'revision', model: 'some', id: 'r', revisionId: 'r:2', payload: { a: 1n } },
      { kind: 'metadata', model: 'some', id: 's', currentRevisionId: 's:1', indexedData: undefined },
      { kind: 'revision', model: 'some', id: 's', revisionId: 's:1', payload: undefined },
    ])
  })

  it('are returned after a blob that is too large to be held in memory', async () => {
    const stream = buildStream({ a: { blobs: [Buffer.alloc(33_554_432)] }, b: {} })
    expect(await read(stream)).toEqual([
      { kind: 'model', model: 'a' },
      { kind: 'model', model: 'b' },
    ])
  })

  it('are empty if the stream has no model', async () => {
    expect(await read(Buffer.concat([headerFrame(), eofFrame()]))).toEqual([])
  })

  it('are returned in the order of the stream, if all metadata precedes all revisions', async () => {
    const stream = buildStream({
      a: {
        metadataFirst: true,
        resources: [
          { id: 'r', revisions: { 'r:1': '1', 'r:2': '2' } },
          { id: 's', revisions: { 's:1': '3' } },
        ],
      },
    })
    expect(await read(stream)).toStrictEqual([
      { kind: 'model', model: 'a' },
      { kind: 'metadata', model: 'a', id: 'r', currentRevisionId: 'r:2', indexedData: undefined },
      { kind: 'metadata', model: 'a', id: 's', currentRevisionId: 's:1', indexedData: undefined },
      { kind: 'revision', model: 'a', id: 'r', revisionId: 'r:1', payload: 1n },
      { kind: 'revision', model: 'a', id: 'r', revisionId: 'r:2', payload: 2n },
      { kind: 'revision', model: 'a', id: 's', revisionId: 's:1', payload: 3n },
    ])
  })

  it('are rejected if the stream is truncated', async () => {
    const stream = buildStream({ a: { resources: [{ id: 'r', revisions: { '1': '{}' } }] } })
    await expect(read(stream.subarray(0, -1))).rejects.toThrow('the archive is truncated')
  })
})

describe('the resources of an archive of version 3', () => {
  it('are returned after the names of all models, with decoded payloads', async () => {
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
      { kind: 'metadata', model: 'more', id: 's', currentRevisionId: 's:1', indexedData: undefined },
      { kind: 'revision', model: 'more', id: 's', revisionId: 's:1', payload: [] },
      { kind: 'metadata', model: 'some', id: 'r', currentRevisionId: 'r:2', indexedData: '{"a":1}' },
      { kind: 'revision', model: 'some', id: 'r', revisionId: 'r:1', payload: { a: 1n } },
      { kind: 'revision', model: 'some', id: 'r', revisionId: 'r:2', payload: { a: 1n } },
    ])
  })

  it.each([
    [
      'refers to a payload that the archive does not contain',
      { data_spilled: { BOOL: true }, data_sha256: { S: hash('sha256', '{}') } },
      'has no payload',
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

  it('do not include records that cannot be restored', async () => {
    const all = await read(craftRecords({}))
    const withMetadata = (change: (item: Item) => Item): Promise<ArchiveResource[]> =>
      read(craftRecords({ lines: ([metadata, ...rest]) => [encodeLine(change(decodeLine(must(metadata)))), ...rest] }))
    const expected = all.filter((_, k) => k !== all.findIndex(({ kind }) => kind === 'metadata'))
    expect(await withMetadata((item) => withoutAttribute(item, 'current_revision_id'))).toEqual(expected)
    expect(await withMetadata((item) => ({ ...item, resource_id: { S: 'another' } }))).toEqual(expected)
  })

  it('are rejected if the object is shorter than the head of a stream', async () => {
    await expect(read(Buffer.from('short'))).rejects.toThrow('not an .acbak archive')
    await expect(read(Buffer.alloc(0))).rejects.toThrow()
  })
})
