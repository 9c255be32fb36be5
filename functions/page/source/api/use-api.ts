import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type * as z from 'zod/mini'
import { isMissingRoute, problemOf, send } from './client.ts'
import type { Problem } from './schemas.ts'

/** The state of a request. `data` is kept while a later request is running, and if it fails. */
export interface Loaded<Data> {
  readonly data?: Data
  readonly problem?: Problem
  /** True if this deployment does not have the route. */
  readonly isMissing: boolean
  readonly reload: () => void
}

/** The default interval of the requests of a view. Other users can change the data at any time. */
const IDLE_MS = 15_000

/**
 * Requests a path now and again after the interval that `every` returns for the last answer. Requests nothing while the
 * page is hidden, or if the path is undefined.
 */
export const useApi = <Schema extends z.ZodMiniType>(
  path: string | undefined,
  schema: Schema,
  every: (data: z.output<Schema>) => number = () => IDLE_MS,
): Loaded<z.output<Schema>> => {
  const [state, setState] = useState<{
    readonly path?: string | undefined
    readonly data?: z.output<Schema>
    readonly problem?: Problem
    readonly isMissing: boolean
  }>({ isMissing: false })
  const [round, setRound] = useState(0)
  const interval = useRef(every)
  interval.current = every
  const reload = useCallback(() => {
    setRound((last) => last + 1)
  }, [])

  useEffect(() => {
    if (path === undefined) return undefined
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const load = async (): Promise<void> => {
      let next = IDLE_MS
      try {
        const data = await send(path, schema, { signal: controller.signal })
        setState({ path, data, isMissing: false })
        next = interval.current(data)
      } catch (error) {
        if (controller.signal.aborted) return
        const isMissing = isMissingRoute(error)
        setState((last) => ({ ...(last.path === path ? last : { path }), problem: problemOf(error), isMissing }))
        if (isMissing) return
      }
      if (!controller.signal.aborted && Number.isFinite(next)) timer = setTimeout(tick, next)
    }
    const tick = (): void => {
      if (document.hidden) document.addEventListener('visibilitychange', tick, { once: true })
      else void load()
    }
    void load()
    return () => {
      controller.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [path, schema, round])

  const { path: loaded, ...rest } = state
  return loaded === path ? { ...rest, reload } : { isMissing: false, reload }
}
