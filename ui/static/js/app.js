// Starts the scripts of the pages. Each subject has its own file and listens on the document, so parts that htmx
// swaps in need no start of their own.
import "./net.js";
import "./toasts.js";
import "./frame.js";
import "./menus.js";
import "./asking.js";
import "./opening.js";
import "./drawer.js";
import "./list.js";
import "./columns.js";
import "./cells.js";
import { prepare } from "./form.js";
import "./drafts.js";
import "./picks.js";
import "./lines.js";
import "./live.js";
import "./uploads.js";
import "./place.js";
import "./keys.js";
import "./signing.js";
import "./offline.js";

prepare(); // when all of them listen
