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
  /** Requests the path again now. If a request is running, the next one is sent after its response. */
  readonly reload: () => void
}

/** The default interval of the requests of a view. Other users can change the data at any time. */
const IDLE_MS = 15_000

/**
 * Requests a path now and again after the interval that `every` returns for the last answer. While the page is
 * hidden, sends only the first request. Requests nothing if the path is undefined.
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
  const interval = useRef(every)
  interval.current = every
  const request = useRef<() => void>(undefined)
  const reload = useCallback(() => request.current?.(), [])

  useEffect(() => {
    if (path === undefined) return undefined
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    let isLoading = false
    let isReloadDue = false
    /** Sends one request. Returns the time until the next one. */
    const load = async (): Promise<number> => {
      try {
        const data = await send(path, schema, { signal })
        setState({ path, data, isMissing: false })
        return interval.current(data)
      } catch (error) {
        if (signal.aborted) return Infinity
        const isMissing = isMissingRoute(error)
        setState((last) => ({ ...(last.path === path ? last : { path }), problem: problemOf(error), isMissing }))
        return isMissing ? Infinity : IDLE_MS
      }
    }
    const loadNow = async (): Promise<void> => {
      isLoading = true
      const next = await load()
      isLoading = false
      if (signal.aborted) return
      if (isReloadDue) {
        isReloadDue = false
        tick()
      } else if (Number.isFinite(next)) timer = setTimeout(tick, next)
    }
    const tick = (): void => {
      clearTimeout(timer)
      if (isLoading) isReloadDue = true
      else if (document.hidden) document.addEventListener('visibilitychange', tick, { once: true, signal })
      else void loadNow()
    }
    request.current = tick
    void loadNow()
    return () => {
      controller.abort()
      clearTimeout(timer)
      request.current = undefined
    }
  }, [path, schema])

  const { path: loaded, ...rest } = state
  return loaded === path ? { ...rest, reload } : { isMissing: false, reload }
}
