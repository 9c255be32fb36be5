import { randomUUID } from 'node:crypto'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'

/** An archive of the models `city` and `memo`. `created_at` may be shorter than a whole time: `2026-01-05`. */
export const sampleArchive = (created: string, more: Partial<CataloguedArchive> = {}): CataloguedArchive => {
  const job_id = more.job_id ?? randomUUID()
  const created_at = `${created}${'2026-01-01T00:00:00.000Z'.slice(created.length)}`
  const folder = more.schedule === undefined ? 'exports' : `scheduled/${more.schedule}`
  return {
    bucket: 'archives',
    key: `${folder}/${created_at.slice(0, 10).replaceAll('-', '/')}/${job_id}.acbak`,
    size: 1000,
    etag: 'e1',
    version_id: 'v1',
    job_id,
    format: 'acbak',
    created_at,
    models: { city: { resources: 3, revisions: 4, blobs: 0 }, memo: { resources: 1, revisions: 1, blobs: 1 } },
    scope: { models: ['city', 'memo'] },
    complete: true,
    ...more,
  }
}

/** An archive that was written to a bucket without versioning. */
export const withoutVersion = (archive: CataloguedArchive): CataloguedArchive => {
  const { version_id, ...rest } = archive
  return version_id === undefined ? archive : rest
}
