import type { VNode } from 'preact'
import type { Job, Result } from '../../api/schemas.ts'
import { bytes, count } from '../../model/format.ts'
import { Exceptions } from '../../parts/exceptions.tsx'
import { ModelTable } from '../../parts/model-table.tsx'
import { Section } from '../../parts/section.tsx'
import { Badge } from '../../parts/status.tsx'
import { DecideArchive } from './decide-archive.tsx'

const COLUMNS = [
  ['resources', 'Resources'],
  ['revisions', 'Revisions'],
  ['blobs', 'Blobs'],
] as const

/** The archive that an export has written. */
export const ExportResult = ({ job, result }: { readonly job: Job; readonly result: Result }): VNode => {
  const { archive, models = {}, complete = true, suspicious } = result
  return (
    <Section
      title="Archive"
      action={complete ? <Badge tone="good" text="complete" /> : <Badge tone="warn" text="not complete" />}
    >
      {suspicious !== undefined && <DecideArchive job={job} suspicious={suspicious} />}
      <ModelTable models={models} columns={COLUMNS} label="Counts of the archive" />
      <Exceptions result={result} />
      {archive !== undefined && (
        <dl class="facts">
          {archive.size !== undefined && (
            <div>
              <dt>Size</dt>
              <dd title={`${count(archive.size)} bytes`}>{bytes(archive.size)}</dd>
            </div>
          )}
          <div>
            <dt>Object</dt>
            <dd class="wrap">
              <code>{`s3://${archive.bucket}/${archive.key}`}</code>
            </dd>
          </div>
        </dl>
      )}
    </Section>
  )
}
