import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { send } from '../api/client.ts'
import { StartedJob } from '../api/schemas.ts'
import { useAction } from '../api/use-action.ts'
import { useArchives } from '../api/use-archives.ts'
import { modelsOf } from '../model/archives.ts'
import { exportBody, type ExportForm } from '../model/forms.ts'
import { jobHref } from '../model/route.ts'
import { Choice, TextField, Toggle } from '../parts/fields.tsx'
import { ProblemBox } from '../parts/problem.tsx'

/** Starts an export. */
export const Export = (): VNode => {
  const archives = useArchives().data?.archives ?? []
  const known = modelsOf(archives)
  const [form, setForm] = useState<ExportForm>({ models: '', ids: '', qb: '', strict: true, format: 'acbak' })
  const { isBusy, problem, run } = useAction()
  const set = (change: Partial<ExportForm>): void => {
    setForm({ ...form, ...change })
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    run(async () => {
      const { job_id } = await send('/_backup/export', StartedJob, { method: 'POST', body: exportBody(form) })
      location.hash = jobHref(job_id)
    })
  }
  return (
    <form class="panel form" onSubmit={submit}>
      <TextField
        label="Models"
        hint={`Names separated by commas. Leave empty for all models.${known.length === 0 ? '' : ` Known: ${known.join(', ')}.`}`}
        value={form.models}
        placeholder="all models"
        onInput={(models) => {
          set({ models })
        }}
      />
      <TextField
        label="Only these ids"
        hint="Ids separated by commas or lines. Leave empty for all resources."
        value={form.ids}
        placeholder="all resources"
        lines={2}
        onInput={(ids) => {
          set({ ids })
        }}
      />
      <TextField
        label="Query expression"
        hint={'For example QB["region"] == "Asia". API.md describes the syntax.'}
        value={form.qb}
        placeholder="no query"
        isCode
        onInput={(qb) => {
          set({ qb })
        }}
      />
      <Choice
        label="Format"
        value={form.format}
        options={[
          ['acbak', 'Archive', 'with a manifest, checksums and an index'],
          ['specstar', 'SpecStar stream', 'for the Python package'],
        ]}
        onChange={(format) => {
          set({ format })
        }}
      />
      <Toggle
        label="Fail if anything is missing or damaged"
        hint="Otherwise the archive is written without it, and the job lists what was left out."
        checked={form.strict}
        onChange={(strict) => {
          set({ strict })
        }}
      />
      {problem !== undefined && <ProblemBox problem={problem} role="alert" />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Starting…' : 'Start the export'}
        </button>
      </div>
    </form>
  )
}
