import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { relative } from '../model/format.ts'

const TICK_MS = 20_000

/** Returns the current time, and renders the component again from time to time. */
export const useNow = (tickMs = TICK_MS): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now())
    }, tickMs)
    return () => {
      clearInterval(timer)
    }
  }, [tickMs])
  return now
}

/** A time relative to now. The exact time is shown when the pointer rests on it. */
export const Time = ({ at }: { readonly at: string }): VNode => {
  const now = useNow()
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {relative(at, now)}
    </time>
  )
}
