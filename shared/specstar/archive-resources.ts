import { isSpecStarStream, STREAM_HEAD_BYTES } from '../archive/specstar-stream.ts'
import { ArchiveInvalidError } from '../archive/errors.ts'
import { openArchive } from '../archive/open.ts'
import type { ArchiveSource } from '../archive/archive.ts'
import { quote } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import { MetadataView, payloadOf, RevisionView } from '../resources/views.ts'
import { decodePayload } from '../resources/payload.ts'
import { ArchivePayloads } from '../archive/archive-payloads.ts'
import { archivedRecords } from '../archive/archived-records.ts'
import { readStream } from './read-stream.ts'
import { decodeMeta, decodeRevision } from './resource-records.ts'
import { StreamOrder } from './stream-order.ts'

/** What stands in an archive of either version, as far as models can be seen in it. */
export type ArchiveResource =
  | { readonly kind: 'model'; readonly model: string }
  | {
      readonly kind: 'metadata'
      readonly model: string
      readonly id: string
      readonly current: string
      /** JSON text, where it is set. */
      readonly indexed: string | undefined
    }
  | { readonly kind: 'revision'; readonly model: string; readonly revision_id: string; readonly payload: unknown }

/** Reads an archive of version 3, or SpecStar's stream: each model, its resources, and their revisions with decoded payloads. */
export async function* archiveResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const head = await source.read(0, Math.min(STREAM_HEAD_BYTES, source.size))
  yield* isSpecStarStream(head) ? streamResources(source) : segmentResources(source)
}

async function* streamResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const order = new StreamOrder()
  for await (const record of readStream(source, { at: 0, after: 0, order })) {
    if (record.t === 'ModelStartRecord') yield { kind: 'model', model: record.model_name }
    else if (record.t === 'MetaRecord') {
      const { meta } = decodeMeta(record.data)
      order.meta(record, meta)
      const { resource_id: id, current_revision_id: current, indexed_data: indexed } = meta
      yield { kind: 'metadata', model: order.model(record), id, current, indexed }
    } else if (record.t === 'RevisionRecord') {
      const { info, payload } = decodeRevision(record.data)
      order.revision(record, info)
      const { revision_id } = info
      yield { kind: 'revision', model: order.model(record), revision_id, payload: decodePayload(payload) }
    } else if (record.t === 'BlobRecord') for await (const piece of record.content.pieces) piece.subarray(0, 0)
  }
}

async function* segmentResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const archive = await openArchive(source)
  const payloads = new ArchivePayloads(archive)
  for (const model of archive.manifest.scope.models) yield { kind: 'model', model }
  for (const [k, { model }] of archive.segments.entries()) {
    if (model === undefined) continue
    for await (const batch of archivedRecords(archive, k))
      for (const { kind, id, item } of batch) {
        if (kind === 'metadata') {
          const { currentRevisionId, indexedData } = new MetadataView(item)
          yield { kind, model, id, current: must(currentRevisionId), indexed: indexedData }
          continue
        }
        const revision = new RevisionView(item)
        const revision_id = must(revision.revisionId)
        const payload = await payloadOf(revision, (sha256) => payloads.get(sha256))
        if (payload === undefined) throw new ArchiveInvalidError(`revision ${quote(revision_id)} has no payload`)
        yield { kind, model, revision_id, payload: decodePayload(payload) }
      }
  }
}
