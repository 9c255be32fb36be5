import process from 'node:process'
import { startWithWorkers } from '../ours/with-workers.ts'
import { answerRequests } from '../processes/answer-requests.ts'

/** The local program with its worker stages in processes of their own. The argument is the folder of their bundles. */
const program = await startWithWorkers(process.argv[2] ?? '', process.env)

answerRequests(
  {
    url: () => Promise.resolve(program.url),
    /** Returns the memory of the workers since the last request, and ends the workers. */
    take: () => program.take(),
  },
  () => program.stop(),
)
