import { useState } from 'preact/hooks'
import { problemOf } from './client.ts'
import type { Problem } from './schemas.ts'

interface Action {
  readonly isBusy: boolean
  readonly problem?: Problem | undefined
  /** Runs a request that the user has started. While one runs, others are ignored. */
  readonly run: (work: () => Promise<void>) => void
}

export const useAction = (): Action => {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const run = (work: () => Promise<void>): void => {
    if (isBusy) return
    setBusy(true)
    setProblem(undefined)
    work()
      .catch((error: unknown) => {
        setProblem(problemOf(error))
      })
      .finally(() => {
        setBusy(false)
      })
  }
  return { isBusy, problem, run }
}
