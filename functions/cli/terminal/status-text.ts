import type { Output } from './output.ts'
import type { TextFormat } from './printable.ts'

const FORMATS: Readonly<Record<string, TextFormat>> = {
  succeeded: 'green',
  partial: 'yellow',
  failed: 'red',
  cancelled: 'magenta',
  expired: 'magenta',
  running: 'cyan',
  queued: 'cyan',
  awaiting_upload: 'cyan',
}

/** Returns the status of a job in its colour. */
export const statusText = (output: Output, status: string): string => output.style(FORMATS[status] ?? 'reset', status)
