package org.nvlink2vmm.vmm.device;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/** The device plug-ins of this program, by name. */
public final class PluginCatalogue {
  private final Map<String, DevicePlugin> byName = new LinkedHashMap<>();

  /**
   * A catalogue of these plug-ins.
   *
   * @throws IllegalArgumentException when two have one name; the message names both classes
   */
  public PluginCatalogue(Iterable<DevicePlugin> plugins) {
    List<DevicePlugin> sorted = new ArrayList<>();
    plugins.forEach(sorted::add);
    sorted.sort((a, b) -> a.name().compareTo(b.name()));
    for (DevicePlugin plugin : sorted) {
      DevicePlugin other = byName.putIfAbsent(plugin.name(), plugin);
      if (other != null) {
        throw new IllegalArgumentException(
            "Device plug-ins %s and %s both have the name %s"
                .formatted(other.getClass().getName(), plugin.getClass().getName(), plugin.name()));
      }
    }
  }

  /** All that {@link ServiceLoader} finds. */
  public static PluginCatalogue installed() {
    return new PluginCatalogue(ServiceLoader.load(DevicePlugin.class));
  }

  public Optional<DevicePlugin> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** Ascending by name. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /** Ascending by name. */
  public Collection<DevicePlugin> plugins() {
    return Collections.unmodifiableCollection(byName.values());
  }
}
