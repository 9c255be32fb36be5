import { startServices } from '../services.ts'
import { resourceStoreContract } from './resource-store.contract.ts'

resourceStoreContract(startServices)
