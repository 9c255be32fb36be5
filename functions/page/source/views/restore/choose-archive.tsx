import type { VNode } from 'preact'
import { useId, useState } from 'preact/hooks'
import { useJobs } from '../../api/use-archives.ts'
import { concernsOf, evidenceOf, hasFilters, resourcesOf } from '../../model/archives.ts'
import { namesOf } from '../../model/describe-job.ts'
import { bytes, plural } from '../../model/format.ts'
import { restoreHref } from '../../model/route.ts'
import { ArchivePages } from '../../parts/archive-pages.tsx'
import { Section } from '../../parts/section.tsx'
import { Badge } from '../../parts/status.tsx'
import { Time } from '../../parts/time.tsx'

/** The largest archive in a request (API.md, "Archive in the request"). */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** Chooses an archive of the deployment, or a file of the user. */
export const ChooseArchive = ({ onFile }: { readonly onFile: (file: File) => void }): VNode => {
  const [tooLarge, setTooLarge] = useState<File>()
  const id = useId()
  const jobs = useJobs()
  return (
    <>
      <Section title="Which archive?">
        <ArchivePages jobs={jobs}>
          {(archives) => (
            <ul class="pick">
              {archives.map((archive) => (
                <li key={`${archive.key} ${archive.version_id ?? ''}`}>
                  <a href={restoreHref(archive)}>
                    <b>
                      <Time at={archive.created_at} />
                    </b>
                    <span>
                      {plural(resourcesOf(archive), 'resource')} · {bytes(archive.size)}
                    </span>
                    <span class="muted">
                      {namesOf(Object.keys(archive.models))}
                      {hasFilters(archive) && ' (filtered)'}
                      {archive.schedule !== undefined && ` · ${archive.schedule}`}
                      {evidenceOf(archive).some(({ kind }) => kind === 'restored') && ' · proved'}
                    </span>
                    {concernsOf(archive).map(({ tone, text }) => (
                      <Badge key={text} tone={tone} text={text} />
                    ))}
                  </a>
                </li>
              ))}
            </ul>
          )}
        </ArchivePages>
      </Section>
      <Section title="Or a file">
        <div class="field">
          <label for={id}>Archive of at most 4 MiB</label>
          <p class="hint" id={`${id}-hint`}>
            For a larger file, use the command <code>specstar-backup restore</code>.
          </p>
          <input
            id={id}
            aria-describedby={`${id}-hint`}
            type="file"
            accept=".acbak,.specstar,application/octet-stream"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0]
              if (file === undefined) return
              if (file.size > MAX_FILE_BYTES) setTooLarge(file)
              else onFile(file)
            }}
          />
        </div>
        {tooLarge !== undefined && (
          <p class="notice warn" role="alert">
            {tooLarge.name} has {bytes(tooLarge.size)}, which is too large for this page. The command restores files of
            any size: <code>specstar-backup restore {tooLarge.name}</code>
          </p>
        )}
      </Section>
    </>
  )
}
