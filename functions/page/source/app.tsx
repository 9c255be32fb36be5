import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { shortId } from './model/format.ts'
import { parseRoute, type Route } from './model/route.ts'
import { Navigation } from './parts/navigation.tsx'
import { Archives } from './views/archives.tsx'
import { Export } from './views/export.tsx'
import { JobView } from './views/job.tsx'
import { Jobs } from './views/jobs.tsx'
import { Overview } from './views/overview.tsx'
import { Restore } from './views/restore.tsx'
import { Schedules } from './views/schedules.tsx'

interface View {
  readonly title: (route: Route) => string
  readonly show: (route: Route) => VNode
}

/** All views, by the first part of the fragment. */
const VIEWS: ReadonlyMap<string, View> = new Map(
  Object.entries<View>({
    overview: { title: () => 'Overview', show: () => <Overview /> },
    jobs: {
      title: ({ id }) => (id === undefined ? 'Jobs' : `Job ${shortId(id)}`),
      show: ({ id }) => (id === undefined ? <Jobs /> : <JobView key={id} jobId={id} />),
    },
    archives: { title: () => 'Archives', show: () => <Archives /> },
    schedules: { title: () => 'Schedules', show: () => <Schedules /> },
    export: { title: () => 'New export', show: () => <Export /> },
    restore: {
      title: () => 'Restore',
      show: ({ query }) => <Restore key={query.toString()} query={query} />,
    },
  }),
)

const NOT_FOUND: View = {
  title: () => 'Not found',
  show: () => (
    <p>
      This address shows nothing. Go to the <a href="#/">overview</a>.
    </p>
  ),
}

export const App = (): VNode => {
  const route = useRoute()
  const view = VIEWS.get(route.view) ?? NOT_FOUND
  const title = view.title(route)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = useRef(title)
  useEffect(() => {
    document.title = `${title} · SpecStar Backup`
    // Screen readers announce the new view. The first view is announced with the document.
    if (shown.current !== title) heading.current?.focus()
    shown.current = title
  }, [title])
  return (
    <>
      <a class="skip" href="#main" onClick={skipTo(heading)}>
        Skip to the content
      </a>
      <Navigation view={route.view} />
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {view.show(route)}
      </main>
    </>
  )
}

/** Moves the focus without changing the fragment, which is the address of the view. */
const skipTo =
  (heading: { readonly current: HTMLElement | null }) =>
  (event: Event): void => {
    event.preventDefault()
    heading.current?.focus()
  }

const useRoute = (): Route => {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const update = (): void => {
      setHash(location.hash)
      scrollTo(0, 0)
    }
    addEventListener('hashchange', update)
    return () => {
      removeEventListener('hashchange', update)
    }
  }, [])
  return parseRoute(hash)
}
