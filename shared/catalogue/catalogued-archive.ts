import * as z from 'zod'
import type { Manifest } from '../archive/manifest.ts'
import { ExportCounts } from '../jobs/export-result.ts'
import type { ExportJob } from '../jobs/job.ts'
import { PinnedObject } from '../objects/object.ts'
import { scheduleIn } from './archive-key.ts'

/** What the catalogue stores when an export has written an archive. It does not change later. */
export const CataloguedArchive = z
  .object({
    ...PinnedObject.unwrap().shape,
    job_id: z.string(),
    /** The name of the schedule. Absent if a request has started the export. */
    schedule: z.exactOptional(z.string()),
    format: z.enum(['acbak', 'specstar']),
    /** The time of the manifest or, for a stream, of the job. ISO 8601 in UTC, with milliseconds. */
    created_at: z.string(),
    models: z.record(z.string(), ExportCounts).readonly(),
    scope: z
      .object({
        models: z.array(z.string()).readonly(),
        /** The filters of the export. Absent if there are none. */
        filters: z.exactOptional(z.record(z.string(), z.unknown()).readonly()),
      })
      .readonly(),
    complete: z.boolean(),
  })
  .readonly()
export type CataloguedArchive = z.output<typeof CataloguedArchive>

/** The last check of every byte and every record of an archive, or the last restore that found it damaged. */
export const ArchiveCheck = z.object({ at: z.string(), job_id: z.string(), passed: z.boolean() }).readonly()
export type ArchiveCheck = z.output<typeof ArchiveCheck>

/** The last restore that has proved an archive. */
export const ArchiveProof = z.object({ at: z.string(), job_id: z.string() }).readonly()
export type ArchiveProof = z.output<typeof ArchiveProof>

/** What is known about an archive since it was written. */
export interface ArchiveEvidence {
  readonly last_checked?: ArchiveCheck
  readonly last_proved?: ArchiveProof
}

/** An archive in the catalogue, with what is known about it. */
export type KnownArchive = CataloguedArchive & ArchiveEvidence

/** A version of an object. Objects of a bucket without versioning have no version id, or the version id `null`. */
export type ObjectVersion = Pick<PinnedObject, 'bucket' | 'key' | 'etag' | 'version_id'>

/**
 * The content of an object. Objects with the same ETag have the same bytes. Lists of objects contain no version ids, so
 * the damage of an archive concerns its content.
 */
export type ArchiveContent = Pick<PinnedObject, 'bucket' | 'key' | 'etag'>

export const isSameContent = (a: ArchiveContent, b: ArchiveContent): boolean =>
  a.bucket === b.bucket && a.key === b.key && a.etag === b.etag

/** Returns the version id of an object. Objects that were written without versioning have the id `null`. */
export const versionIdOf = ({ version_id = 'null' }: Pick<PinnedObject, 'version_id'>): string => version_id

/** Returns true if both are the same version of an object. */
export const isSameVersion = (a: ObjectVersion, b: ObjectVersion): boolean =>
  isSameContent(a, b) && versionIdOf(a) === versionIdOf(b)

/**
 * Returns the archive of an export, or undefined if the job has no result. `created_at` is the time in the manifest of
 * the archive.
 */
export const archiveOfExport = (
  { job_id, request, result }: ExportJob,
  created_at: string,
): CataloguedArchive | undefined =>
  result && {
    ...pinnedOf(result.archive),
    job_id,
    ...(request.schedule === undefined ? {} : { schedule: request.schedule.name }),
    format: request.format,
    created_at,
    models: result.models,
    scope: { models: request.models, ...filtersIn(request.filters) },
    complete: result.complete,
  }

/** Returns the archive that a manifest describes. */
export const archiveOfManifest = (object: PinnedObject, manifest: Manifest): CataloguedArchive => {
  const schedule = scheduleIn(object.key)
  return {
    ...pinnedOf(object),
    job_id: manifest.job_id,
    ...(schedule === undefined ? {} : { schedule }),
    format: 'acbak',
    created_at: manifest.created_at,
    models: Object.fromEntries(
      Object.entries(manifest.models).map(([model, { resources, revisions, blobs }]) => [
        model,
        { resources, revisions, blobs },
      ]),
    ),
    scope: { models: manifest.scope.models, ...filtersIn(manifest.scope.filters) },
    complete: manifest.complete,
  }
}

const pinnedOf = ({ bucket, key, size, etag, version_id }: PinnedObject): PinnedObject => ({
  bucket,
  key,
  size,
  etag,
  ...(version_id === undefined ? {} : { version_id }),
})

const filtersIn = (filters: Readonly<Record<string, unknown>>): Pick<CataloguedArchive['scope'], 'filters'> =>
  Object.keys(filters).length === 0 ? {} : { filters }
