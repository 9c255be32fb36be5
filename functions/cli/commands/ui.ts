import { Option } from 'commander'
import * as z from 'zod'
import { credentialsOf } from '../client/credentials.ts'
import { requestSender } from '../client/send-request.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { startUiServer } from '../ui/ui-server.ts'
import { wholeNumber } from '../whole-number.ts'

const MAX_PORT = 65_535

/** `specstar-backup ui`. */
export const UI = defineCommand({
  name: 'ui',
  summary: 'open the page of a deployment',
  details:
    'Listens on 127.0.0.1, and signs the requests of the page with your credentials. ' +
    'The printed address works once, in one browser. Ctrl-C ends the command and closes the page.',
  options: [new Option('--port <number>', 'listen on this port (default: any free port)')],
  examples: ['ui', 'ui --endpoint https://abc123.execute-api.eu-central-1.amazonaws.com --profile backup'],
  input: z.strictObject({ port: wholeNumber(1, MAX_PORT).optional() }),
  run: async ({ io, output, settings }, { port }) => {
    const server = await startUiServer(requestSender(settings(), credentialsOf(settings())), port ?? 0)
    output.show(
      { url: server.url },
      () =>
        `The page of ${settings().endpoint} is open until you press Ctrl-C:\n\n  ${output.style('bold', server.url)}\n`,
    )
    await new Promise<void>((resolve) => {
      const remove = io.onInterrupt(() => {
        remove()
        resolve()
      })
    })
    await server.stop()
    return EXIT.succeeded
  },
})
