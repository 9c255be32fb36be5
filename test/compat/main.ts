import '../../functions/cli/check-node.ts'
import process from 'node:process'
import * as z from 'zod'
import { runCommand } from '../../functions/cli/run-command.ts'
import { localCommand } from '../../infra/local/local-command.ts'
import { tableText } from '../bench/figures.ts'
import { DEVIATIONS, ServerNames } from './deviations.ts'
import { runDemo } from './run-demo.ts'
import { type Endpoints, type Outcome, runSuite } from './run-suite.ts'
import { SERVER_NAMES, type ServerName, SERVERS } from './servers.ts'
import type { RunningServer } from './start-server.ts'
import { DEMOS, SUITES } from './suites.ts'

const Options = z.object({ servers: ServerNames })

/**
 * `npm run test:compat`. Runs the contract suites, workflow tests and the demo on servers that other people wrote.
 * `--servers minio,versitygw` selects servers. A suite runs if all of its servers are selected.
 */
const compat = async (): Promise<void> => {
  const command = localCommand('test:compat', {
    description: 'Runs the contract suites, workflow tests and the demo on servers that other people wrote.',
  }).option('--servers <names>', 'the servers, separated by commas', SERVER_NAMES.join(','))
  const { servers: selected } = Options.parse(command.parse().opts())
  const isSelected = (servers: readonly ServerName[]): boolean => servers.every((server) => selected.includes(server))
  const running: RunningServer[] = []
  const outcomes: Outcome[] = []
  try {
    const endpoints: Partial<Record<ServerName, string>> = {}
    for (const name of selected) {
      const server = await SERVERS[name].start()
      running.push(server)
      endpoints[name] = server.endpoint
      console.log(`${SERVERS[name].title} is running at ${server.endpoint}`)
    }
    await runAll(isSelected, endpoints, outcomes)
  } finally {
    for (const server of running) await server.stop()
  }
  report(outcomes, selected)
}

const runAll = async (
  isSelected: (servers: readonly ServerName[]) => boolean,
  endpoints: Endpoints,
  outcomes: Outcome[],
): Promise<void> => {
  for (const suite of SUITES) if (isSelected(suite.servers)) outcomes.push(await runSuite(suite, endpoints))
  for (const servers of DEMOS) if (isSelected(servers)) outcomes.push(await runDemo(servers, endpoints))
}

/** Prints every skipped test with its reason, and the counts. Sets the exit code to 1 if anything has failed. */
const report = (outcomes: readonly Outcome[], selected: readonly ServerName[]): void => {
  for (const { servers, skipped } of outcomes)
    for (const { fullName, reason } of skipped) console.log(`skipped on ${titleOf(servers)}: ${fullName} (${reason})`)
  console.log(
    tableText(
      ['servers', 'suite', 'passed', 'failed', 'skipped', 'seconds'],
      outcomes.map(({ servers, title, passed, failed, skipped, seconds }) => [
        titleOf(servers),
        title,
        ...[passed, failed, skipped.length].map(String),
        seconds.toFixed(0),
      ]),
    ),
  )
  const names = outcomes.flatMap(({ skipped }) => skipped.map(({ fullName }) => fullName))
  const texts = selected.flatMap((server) => Object.values(DEVIATIONS[server]).flat())
  const unused = texts.filter((text) => !names.some((name) => name.includes(text)))
  for (const text of unused)
    console.error(`test/compat/deviations.ts: no skipped test contains "${text}": remove or correct this text`)
  process.exitCode = outcomes.every(({ failed }) => failed === 0) && unused.length === 0 ? 0 : 1
}

const titleOf = (servers: readonly ServerName[]): string => servers.map((name) => SERVERS[name].title).join(', ')

await runCommand('test:compat', compat)
process.exit()
