import type { ArchiveSource } from '../archive/archive.ts'
import { ArchivePayloads } from '../archive/archive-payloads.ts'
import { archivedRecords } from '../archive/archived-records.ts'
import { ArchiveInvalidError } from '../archive/errors.ts'
import { openArchive } from '../archive/open.ts'
import { isSpecStarStream, STREAM_HEAD_BYTES } from '../archive/specstar-stream.ts'
import { decodePayload } from '../resources/payload.ts'
import { MetadataView, payloadOf, RevisionView } from '../resources/views.ts'
import { must } from '../values/must.ts'
import { quote } from '../values/message-text.ts'
import { readStream } from './read-stream.ts'
import { decodeMetadata, decodeRevision } from './resource-records.ts'
import { StreamOrder } from './stream-order.ts'

/** A part of an archive from which `proposeModels` derives its proposal. */
export type ArchiveResource =
  | { readonly kind: 'model'; readonly model: string }
  | {
      readonly kind: 'metadata'
      readonly model: string
      readonly id: string
      readonly currentRevisionId: string
      /** A JSON string. Undefined if the metadata has no indexed data. */
      readonly indexedData: string | undefined
    }
  | {
      readonly kind: 'revision'
      readonly model: string
      /** The id of the resource. */
      readonly id: string
      readonly revisionId: string
      /** Undefined if the payload is neither JSON nor msgpack. */
      readonly payload: unknown
    }

/**
 * Reads the models, resources and revisions of an archive of version 3 or of a SpecStar stream. In an archive of
 * version 3, the metadata of a resource precedes its revisions. A stream may contain them in any order.
 */
export async function* archiveResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const head = await source.read(0, Math.min(STREAM_HEAD_BYTES, source.size))
  yield* isSpecStarStream(head) ? streamResources(source) : segmentResources(source)
}

async function* streamResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const order = new StreamOrder()
  for await (const record of readStream(source, order)) {
    if (record.t === 'ModelStartRecord') yield { kind: 'model', model: record.model_name }
    else if (record.t === 'MetaRecord') {
      const { metadata } = decodeMetadata(record.data)
      const { resource_id: id, current_revision_id: currentRevisionId, indexed_data: indexedData } = metadata
      yield { kind: 'metadata', model: order.modelOf(record), id, currentRevisionId, indexedData }
    } else if (record.t === 'RevisionRecord') {
      const { info, payload } = decodeRevision(record.data)
      const { resource_id: id, revision_id: revisionId } = info
      yield { kind: 'revision', model: order.modelOf(record), id, revisionId, payload: decodePayload(payload) }
    }
  }
}

async function* segmentResources(source: ArchiveSource): AsyncGenerator<ArchiveResource> {
  const archive = await openArchive(source)
  const payloads = new ArchivePayloads(archive)
  for (const model of archive.manifest.scope.models) yield { kind: 'model', model }
  for (const [index, { model }] of archive.segments.entries()) {
    if (model === undefined) continue
    for await (const batch of archivedRecords(archive, { first: index, last: index }))
      for (const record of batch) {
        // Records that cannot be restored are ignored.
        if (record.fault !== undefined) continue
        const { kind, id, item } = record
        if (kind === 'metadata') {
          const { currentRevisionId, indexedData } = new MetadataView(item)
          if (currentRevisionId !== undefined) yield { kind, model, id, currentRevisionId, indexedData }
          continue
        }
        const revision = new RevisionView(item)
        const revisionId = must(revision.revisionId)
        const payload = await payloadOf(revision, (sha256) => payloads.get(sha256))
        if (payload === undefined) throw new ArchiveInvalidError(`revision ${quote(revisionId)} has no payload`)
        yield { kind, model, id, revisionId, payload: decodePayload(payload) }
      }
  }
}
