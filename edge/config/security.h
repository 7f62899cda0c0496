// The fields behind security.preset.
#pragma once

#include "core/http/message.h"
#include "edge/config/rule_options.h"

namespace skerry::edge {

// The fields of a rule: its own values, else its site's, else those of the preset
// (the rule's, else the site's).
http::Fields SecurityFields(const SecurityOptions& site, const SecurityOptions& rule);

}  // namespace skerry::edge
