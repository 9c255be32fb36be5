import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isMissingRoute, problemOf, send } from '../api/client.ts'
import { type Difference, DifferenceList, type FieldDifference, type Finding, type Problem } from '../api/schemas.ts'
import { readablePath, sidesOf } from '../model/differences.ts'
import { plural } from '../model/format.ts'
import { ProblemBox } from './problem.tsx'
import { Findings } from './checks.tsx'

interface DifferencesProps {
  readonly jobId: string
  readonly group: 'changed' | 'new' | 'missing' | 'target_only'
  readonly title: string
  /** The findings of the job, which are shown if the deployment cannot show fields. */
  readonly fallback?: readonly Finding[]
}

/** Fields are computed for each request, so these pages are smaller. */
const PAGE = { fields: 20, ids: 100 } as const

/** The resources of one group of differences. Changed resources are shown with their fields. */
export const Differences = ({ jobId, group, title, fallback }: DifferencesProps): VNode | null => {
  const detail = group === 'changed' || group === 'missing' ? 'fields' : 'ids'
  const [items, setItems] = useState<readonly Difference[]>()
  const [cursor, setCursor] = useState<string>()
  const [failure, setFailure] = useState<{ readonly problem: Problem; readonly isMissing: boolean }>()
  const [isLoading, setLoading] = useState(false)

  const load = async (after?: string): Promise<void> => {
    setLoading(true)
    const query = new URLSearchParams({ group, detail, limit: String(PAGE[detail]) })
    if (after !== undefined) query.set('cursor', after)
    try {
      const page = await send(
        `/_backup/jobs/${encodeURIComponent(jobId)}/differences?${query.toString()}`,
        DifferenceList,
      )
      setItems((last) => [...(after === undefined ? [] : (last ?? [])), ...page.differences])
      setCursor(page.cursor)
      setFailure(undefined)
    } catch (error) {
      setFailure({ problem: problemOf(error), isMissing: isMissingRoute(error) })
    }
    setLoading(false)
  }
  useEffect(() => {
    void load()
  }, [jobId, group])

  if (failure?.isMissing === true)
    return fallback === undefined || fallback.length === 0 ? null : (
      <Findings findings={fallback} total={fallback.length} label={title} />
    )
  if (items?.length === 0 && cursor === undefined && failure === undefined) return null
  return (
    <div class="differences">
      <h3>{title}</h3>
      {failure !== undefined && <ProblemBox problem={failure.problem} />}
      <ul>
        {items?.map((item) => (
          <DifferenceOf key={`${item.model}/${item.resource_id ?? ''}`} item={item} />
        ))}
      </ul>
      {isLoading && (
        <p class="empty" aria-busy="true">
          Comparing…
        </p>
      )}
      {cursor !== undefined && !isLoading && (
        <button
          type="button"
          onClick={() => {
            void load(cursor)
          }}
        >
          Show more
        </button>
      )}
    </div>
  )
}

const DifferenceOf = ({ item }: { readonly item: Difference }): VNode => {
  const { model, resource_id, now, fields = [], fields_total, revisions = [], revisions_total } = item
  return (
    <li>
      <code>
        {model} / {resource_id}
      </code>
      {now !== undefined && now !== 'changed' && <span class="muted"> is by now: {now.replaceAll('_', ' ')}</span>}
      <Fields fields={fields} total={fields_total ?? fields.length} />
      {revisions.map((revision) => (
        <details key={revision.revision_id} open={fields.length === 0 && revisions.length === 1}>
          <summary>
            revision <code>{revision.revision_id}</code>{' '}
            <span class="muted">{REVISION[revision.op] ?? revision.op}</span>
          </summary>
          <Fields fields={revision.fields ?? []} total={revision.fields_total ?? revision.fields?.length ?? 0} />
        </details>
      ))}
      <Rest shown={revisions.length} total={revisions_total ?? revisions.length} noun="revision" />
    </li>
  )
}

/** What a restore does to a revision. */
const REVISION: Readonly<Record<string, string>> = {
  add: 'is only in the archive',
  remove: 'is only in the store',
  replace: 'differs',
}

const Rest = ({ shown, total, noun }: { readonly shown: number; readonly total: number; readonly noun: string }) =>
  total > shown ? (
    <p class="muted">
      {shown === 0 ? `${plural(total, noun)}, not shown` : `and ${plural(total - shown, `other ${noun}`)}`}
    </p>
  ) : null

interface FieldsProps {
  readonly fields: readonly FieldDifference[]
  readonly total: number
}

const Fields = ({ fields, total }: FieldsProps): VNode =>
  fields.length === 0 ? (
    <Rest shown={0} total={total} noun="field" />
  ) : (
    <>
      <table class="fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Stored now</th>
            <th scope="col">In the archive</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => {
            const { archived, stored } = sidesOf(field)
            return (
              <tr key={field.path}>
                <th scope="row">
                  <code>{readablePath(field.path)}</code>
                </th>
                <td class="removed" data-label="Stored now">
                  <code>{stored}</code>
                </td>
                <td class="added" data-label="In the archive">
                  <code>{archived}</code>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <Rest shown={fields.length} total={total} noun="field" />
    </>
  )
