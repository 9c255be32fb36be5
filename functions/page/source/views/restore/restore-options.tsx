import type { VNode } from 'preact'
import { useId } from 'preact/hooks'
import type { RestoreForm } from '../../model/forms.ts'
import { Choice, TextField, Toggle } from '../../parts/fields.tsx'

interface RestoreOptionsProps {
  readonly form: RestoreForm
  readonly models: readonly string[]
  readonly onChange: (form: RestoreForm) => void
}

/** What is restored, and what happens to resources that exist. */
export const RestoreOptions = ({ form, models, onChange }: RestoreOptionsProps): VNode => {
  const id = useId()
  return (
    <>
      <div class="field">
        <label for={id}>Models</label>
        <select
          id={id}
          value={form.model}
          onChange={({ currentTarget }) => {
            onChange({ ...form, model: currentTarget.value })
          }}
        >
          <option value="">all models of the archive</option>
          {models.map((model) => (
            <option key={model}>{model}</option>
          ))}
        </select>
      </div>
      <TextField
        label="Only these ids"
        hint="Ids separated by commas or lines. Leave empty for all resources."
        value={form.ids}
        placeholder="all resources"
        lines={2}
        onInput={(ids) => {
          onChange({ ...form, ids })
        }}
      />
      <Choice
        label="Resources that exist already"
        value={form.strategy}
        options={[
          ['overwrite', 'Replace', 'with all their revisions'],
          ['skip', 'Keep', 'only missing resources are created'],
          ['raise_error', 'Fail', 'before the first write'],
        ]}
        onChange={(strategy) => {
          onChange({ ...form, strategy })
        }}
      />
      <Toggle
        label="Fail if the archive contains resources that cannot be restored"
        hint="Otherwise they are left out."
        checked={form.strict}
        onChange={(strict) => {
          onChange({ ...form, strict })
        }}
      />
    </>
  )
}
