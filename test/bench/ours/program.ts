import process from 'node:process'
import { loadFromSource, type LoadStage } from '../../../infra/local/workflows/local-workflow-engine.ts'
import { programOptions } from '../../../infra/local/program/program-options.ts'
import { startProgram } from '../../../infra/local/program/start-program.ts'
import { answerRequests } from '../processes/answer-requests.ts'
import { StageTimer } from './stage-timer.ts'

/** The local program, as `npm start` runs it, with a timer for each stage. */
const timer = new StageTimer()
const loadStage: LoadStage = async (kind, stage) => timer.time(stage, await loadFromSource(kind, stage))
const program = await startProgram({ ...programOptions(process.env), loadStage })

answerRequests(
  {
    url: () => Promise.resolve(program.url),
    /** Returns the seconds of the stages since the last request. */
    stages: () => timer.take(),
  },
  () => program.stop(),
)
