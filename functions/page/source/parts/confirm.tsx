import type { ComponentChildren, VNode } from 'preact'
import { useRef } from 'preact/hooks'

interface ConfirmProps {
  readonly label: string
  readonly title: string
  readonly action: string
  readonly isDangerous?: boolean
  readonly children: ComponentChildren
  readonly onConfirm: () => void
}

/** A button that asks before it acts. */
export const ConfirmButton = (props: ConfirmProps): VNode => {
  const { label, title, action, isDangerous = false, children, onConfirm } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const close = (): void => {
    dialog.current?.close()
  }
  return (
    <>
      <button
        type="button"
        class={isDangerous ? 'danger' : ''}
        onClick={() => {
          dialog.current?.showModal()
        }}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        {children}
        <div class="dialog-actions">
          <button type="button" onClick={close}>
            Back
          </button>
          <button
            type="button"
            class={isDangerous ? 'danger solid' : 'primary'}
            onClick={() => {
              close()
              onConfirm()
            }}
          >
            {action}
          </button>
        </div>
      </dialog>
    </>
  )
}
