#include "core/config/command_line.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <set>

#include "core/base/log.h"
#include "core/config/manual.h"
#include "core/config/nearest.h"
#include "core/config/version.h"

namespace skerry::config {
namespace {

struct SharedFlag {
  std::string_view name;
  bool truth;  // --name alone is enough
  std::string_view text;
};
constexpr SharedFlag kSharedFlags[] = {
    {"config", false, "A configuration file; flags override it."},
    {"check_config", true, "Check flags and file, say what is wrong, and exit 0 or 2."},
    {"dump_options", false, "Print all options and exit: markdown, or schema for a JSON Schema."},
    {"help", true, "Print this and exit."},
    {"version", true, "Print the version and exit."},
};

// The names of all flags, with those that are true or false.
struct FlagNames {
  std::vector<std::string> all;
  std::set<std::string, std::less<>> truths;
};

FlagNames NamesOf(const Shape& shape) {
  FlagNames names;
  const auto add = [&](const std::string& name, bool truth) {
    names.all.push_back(name);
    if (truth) names.truths.insert(name);
  };
  for (const Option& option : shape.options) {
    if ((option.use & kFlag) != 0) add(option.FlagName(), option.about.form == Form::kBool);
  }
  for (const SharedFlag& flag : kSharedFlags) add(std::string(flag.name), flag.truth);
  return names;
}

// gflags keeps flags in a registry of the process and never forgets one; a second
// registration of a name would end the process.
void Register(const FlagNames& names) {
  static auto* const kept = new std::deque<std::string>;
  static auto* const texts = new std::deque<std::string>;
  static auto* const truths = new std::deque<bool>;
  for (const std::string& name : names.all) {
    gflags::CommandLineFlagInfo known;
    if (gflags::GetCommandLineFlagInfo(name.c_str(), &known)) continue;
    const char* const kept_name = kept->emplace_back(name).c_str();
    if (names.truths.contains(name)) {
      gflags::FlagRegisterer(kept_name, "", "", &truths->emplace_back(false),
                             &truths->emplace_back(false));
    } else {
      gflags::FlagRegisterer(kept_name, "", "", &texts->emplace_back(), &texts->emplace_back());
    }
  }
}

std::string UnknownFlag(const Shape& shape, const FlagNames& names, const std::string& name) {
  for (const Option& option : shape.options) {
    if (option.FlagName() == name && (option.use & kFlag) == 0) {
      return "can only be set in the configuration file, as " + option.name;
    }
  }
  const std::string_view nearest = Nearest(name, names.all);
  return "unknown flag" + (nearest.empty() ? "; --help lists all"
                                           : "; did you mean --" + std::string(nearest) + "?");
}

// Everything gflags would accept silently (--undefok, a repeated flag), or answer
// with exit code 1 and no remedy.
class Examination {
 public:
  Examination(const Shape& shape, const FlagNames& names, Problems& problems)
      : shape_(shape), names_(names), problems_(problems) {}

  void Words(const std::vector<std::string>& words) {
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i].size() < 2 || words[i][0] != '-' || words[i] == "--") {
        problems_.Add({words[i]}, "unexpected argument; everything is set with flags (--help)");
        continue;
      }
      if (Flag(words[i], i + 1 < words.size())) ++i;
    }
  }

 private:
  // True when the flag's value is the next word.
  bool Flag(const std::string& word, bool has_next) {
    const size_t equals = word.find('=');
    std::string name = word.substr(word.starts_with("--") ? 2 : 1);
    if (equals != word.npos) name.resize(name.find('='));
    const bool negated =
        equals == word.npos && name.starts_with("no") && names_.truths.contains(name.substr(2));
    if (negated) name = name.substr(2);
    const std::string flag = "--" + name;
    if (std::find(names_.all.begin(), names_.all.end(), name) == names_.all.end()) {
      problems_.Add({flag}, UnknownFlag(shape_, names_, name));
      return false;
    }
    if (!seen_.insert(name).second) problems_.Add({flag}, "given twice");
    if (names_.truths.contains(name)) {
      const std::string value = equals == word.npos ? "true" : word.substr(equals + 1);
      if (value != "true" && value != "false")
        problems_.Add({flag}, "expected true or false, found \"" + value + "\"");
      return false;
    }
    if (equals != word.npos) return false;
    if (!has_next) problems_.Add({flag}, "needs a value: " + flag + "=…");
    return true;
  }

  const Shape& shape_;
  const FlagNames& names_;
  Problems& problems_;
  std::set<std::string> seen_;
};

// The value of a flag that was given; nullopt otherwise.
std::optional<std::string> GivenValue(std::string_view name) {
  gflags::CommandLineFlagInfo info;
  if (!gflags::GetCommandLineFlagInfo(std::string(name).c_str(), &info) || info.is_default)
    return std::nullopt;
  return info.current_value;
}

std::string Usage(const Option& option) {
  std::string text = "  --" + option.FlagName();
  if (option.about.form == Form::kWord) {
    text += "=";
    for (const std::string& word : option.about.words)
      text += (&word == &option.about.words[0] ? "" : "|") + word;
  } else if (option.about.form != Form::kBool) {
    text += "=<" + option.about.type + ">";
  }
  std::string note = option.about.range;
  const auto add = [&](const std::string& part) { note += (note.empty() ? "" : "; ") + part; };
  if (option.required) add("required");
  if (!option.fallback.empty()) add("default " + option.fallback);
  return text + (note.empty() ? "" : "  (" + note + ")") + "\n      " + option.text + "\n";
}

int PrintProblems(const Program& program, const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    const std::string line = std::string(program.name) + ": " + problem.ToString() + "\n";
    std::fputs(line.c_str(), stderr);
  }
  return 2;
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

CommandLine CommandLine::Parse(const Shape& shape, int argc, const char* const* argv,
                               Problems& problems) {
  const FlagNames names = NamesOf(shape);
  Register(names);
  std::vector<std::string> words(argv, argv + argc);
  Examination(shape, names, problems).Words(words);
  CommandLine line;
  line.help_ = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--help" || word == "-help" || word == "-h";
  });
  if (!problems.empty()) return line;

  const gflags::FlagSaver restore_afterwards;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  char** first = pointers.data();
  gflags::ParseCommandLineNonHelpFlags(&argc, &first, true);

  for (const Option& option : shape.options) {
    if ((option.use & kFlag) == 0) continue;
    if (const auto value = GivenValue(option.FlagName()))
      line.flags_.emplace_back(option.name, *value);
  }
  line.config_file_ = GivenValue("config").value_or("");
  line.check_config_ = GivenValue("check_config") == "true";
  line.version_ = GivenValue("version") == "true";
  line.dump_options_ = GivenValue("dump_options").value_or("");
  return line;
}

void CommandLine::Apply(const Shape& shape, void* object, Given& given, Problems& problems) const {
  for (const auto& [name, value] : flags_) {
    const Option* option = shape.FindOption(name);
    SKERRY_CHECK(option != nullptr);
    const Place place{"--" + option->FlagName()};
    given.insert(name);
    const Result<Written> written = FromFlag(option->about.form, value);
    const Status assigned = written ? option->assign(object, *written) : Fail(written.error());
    if (!assigned) {
      problems.Add(place, assigned.error().context);
    } else if (shape.places) {
      shape.places(object)->Set(name, place);
    }
  }
}

void Load(const Shape& shape, const CommandLine& line, void* object, Problems& problems) {
  Given given;
  Place start{"command line"};
  shape.Reset(object);
  if (!line.config_file().empty()) {
    const Result<std::string> text = ReadFile(line.config_file());
    if (!text) {
      problems.Add({"--config"}, text.error().context);
      return;
    }
    start = {line.config_file(), 1, 1};
    if (!ReadToml(*text, line.config_file(), shape, object, given, problems)) return;
  }
  line.Apply(shape, object, given, problems);
  RequireAll(shape, given, start, problems);
}

std::string Help(const Program& program, const Shape& shape) {
  std::string text = std::string(program.name) + ": " + std::string(program.summary) +
                     "\n\nusage: " + std::string(program.name) + " [--flag=value]...\n\n";
  for (const Option& option : shape.options) {
    if ((option.use & kFlag) != 0) text += Usage(option);
  }
  for (const SharedFlag& flag : kSharedFlags) {
    text += "  --" + std::string(flag.name) + "\n      " + std::string(flag.text) + "\n";
  }
  return text + "\nMore can be set in a configuration file: docs/options.md.\n";
}

std::optional<int> StartProgram(const Program& program, const Shape& shape, const CommandLine& line,
                                Problems& problems, const std::function<void(Problems&)>& load) {
  if (line.help()) return Print(Help(program, shape));
  if (line.version()) return Print(std::string(program.name) + " " + std::string(kVersion) + "\n");
  if (line.dump_options() == "markdown") return Print(Markdown(program.name, shape));
  if (line.dump_options() == "schema") return Print(JsonSchema(program.name, shape));
  if (!line.dump_options().empty()) problems.Add({"--dump_options"}, "expected markdown or schema");
  if (problems.empty()) load(problems);
  if (!problems.empty()) return PrintProblems(program, problems);
  if (!line.check_config()) return std::nullopt;
  const std::string what = line.config_file().empty() ? "flags" : line.config_file();
  return Print(std::string(program.name) + ": " + what + ": ok\n");
}

bool ReportReload(const Shape& shape, const void* running, const void* fresh,
                  const Problems& problems) {
  for (const Problem& problem : problems.list()) {
    LogError("not reloaded; everything stays as it was", {{"problem", problem.ToString()}});
  }
  if (!problems.empty()) return false;
  for (const std::string& name : NeedRestart(shape, running, fresh)) {
    LogWarning("this option changes with a restart only", {{"option", name}});
  }
  return true;
}

}  // namespace skerry::config
