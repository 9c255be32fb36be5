import type { VNode } from 'preact'
import { useId } from 'preact/hooks'

interface TextFieldProps {
  readonly label: string
  readonly hint: string
  readonly value: string
  readonly placeholder?: string
  /** More than one line makes a text area. */
  readonly lines?: number
  readonly isCode?: boolean
  readonly onInput: (value: string) => void
}

export const TextField = (props: TextFieldProps): VNode => {
  const { label, hint, value, placeholder = '', lines = 1, isCode = false, onInput } = props
  const id = useId()
  const shared = {
    id,
    value,
    placeholder,
    class: isCode ? 'code' : '',
    'aria-describedby': `${id}-hint`,
    autocomplete: 'off' as const,
    spellcheck: false,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
      onInput(currentTarget.value)
    },
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines > 1 ? <textarea rows={lines} {...shared} /> : <input type="text" {...shared} />}
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
    </div>
  )
}

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [value: Value, label: string, hint: string])[]
  readonly onChange: (value: Value) => void
}

export const Choice = <Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>): VNode => {
  const name = useId()
  return (
    <fieldset class="field choice">
      <legend>{label}</legend>
      {options.map(([one, title, hint]) => (
        <label key={one}>
          <input
            type="radio"
            name={name}
            value={one}
            checked={one === value}
            onChange={() => {
              onChange(one)
            }}
          />
          <span>
            {title} <span class="hint">{hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

interface ToggleProps {
  readonly label: string
  readonly hint: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export const Toggle = ({ label, hint, checked, onChange }: ToggleProps): VNode => (
  <div class="field choice">
    <label>
      <input
        type="checkbox"
        checked={checked}
        onChange={({ currentTarget }) => {
          onChange(currentTarget.checked)
        }}
      />
      <span>
        {label} <span class="hint">{hint}</span>
      </span>
    </label>
  </div>
)
