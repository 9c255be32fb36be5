/** The result of one check of `doctor`. */
export interface Finding {
  readonly check: string
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found and, unless the result is `ok`, what the user must do. If the check was skipped, why. */
  readonly details: string
}

export const ok = (check: string, details: string): Finding => ({ check, result: 'ok', details })
export const warning = (check: string, details: string): Finding => ({ check, result: 'warning', details })
export const failed = (check: string, details: string): Finding => ({ check, result: 'failed', details })
export const skipped = (check: string, details: string): Finding => ({ check, result: 'skipped', details })
